"""A worker by its own metrics, as Prometheus would scrape them."""

import urllib.request
from collections import defaultdict
from collections.abc import Mapping
from http.client import HTTPException

from jobs.watch.state import WorkerState
from schemas.errors import StoreUnavailableError
from schemas.exposition import parse_text
from schemas.metrics import (
    FLUSH_SECONDS,
    FLUSHED_BYTES,
    FLUSHED_ROWS,
    FLUSHES,
    HELD_BYTES,
    PARTITIONS,
    RECORDS_READ,
    RESIDENT_BYTES,
    RETRIES,
    STORE_ERRORS,
    STORE_REQUESTS,
    STORE_SECONDS,
    WORKER_METRICS,
    Metric,
)

_PATIENCE_SECONDS = 20.0
"""Longer than a look waits: while one that hangs owes an answer, looks are not delayed."""

_MOST_BYTES = 2**22

Numbers = Mapping[Metric, Mapping[tuple[str, ...], float]]


def scrape(url: str, token: str = "") -> WorkerState:
    """Ask a worker.

    Args:
        url: Of its metrics, `http://127.0.0.1:9101/metrics`.
        token: What it is brought; empty: nothing.

    Raises:
        StoreUnavailableError: No answer, or what answers there is no worker.
    """
    request = urllib.request.Request(url)  # noqa: S310 - an operator's URL
    if token:  # for this address, wherever its answer may point to
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 - an operator's URL
            text = answer.read(_MOST_BYTES).decode("utf-8", "replace")
    except (OSError, HTTPException) as error:
        raise StoreUnavailableError(f"{url}: {getattr(error, 'reason', error)}") from error
    try:
        return worker_state(url, parse_text(text, WORKER_METRICS))
    except ValueError as error:
        raise StoreUnavailableError(f"{url}: {error}") from None


def worker_state(url: str, numbers: Numbers) -> WorkerState:
    """What a worker says of itself, summed over topics."""

    def total(metric: Metric) -> float:
        return sum(numbers.get(metric, {}).values())

    def by(metric: Metric, label: str) -> dict[str, float]:
        place = metric.labels.index(label)
        sums: dict[str, float] = defaultdict(float)
        for labels, value in numbers.get(metric, {}).items():
            sums[labels[place]] += value
        return dict(sums)

    def whole(counts: Mapping[str, float]) -> dict[str, int]:
        return {name: int(count) for name, count in counts.items()}

    return WorkerState(
        url,
        answers=True,
        partitions=int(total(PARTITIONS)),
        records_read=int(total(RECORDS_READ)),
        flushes=int(total(FLUSHES)),
        flush_seconds=total(FLUSH_SECONDS),
        flushed_rows=int(total(FLUSHED_ROWS)),
        flushed_bytes=int(total(FLUSHED_BYTES)),
        store_requests=whole(by(STORE_REQUESTS, "region")),
        store_seconds=by(STORE_SECONDS, "region"),
        store_errors=whole(by(STORE_ERRORS, "region")),
        retries=whole(by(RETRIES, "destination")),
        held_bytes=int(total(HELD_BYTES)),
        resident_bytes=int(total(RESIDENT_BYTES)),
    )
