"""Workers by their own metrics, as Prometheus would scrape them."""

import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from http.client import HTTPException
from urllib.parse import urlsplit

from jobs.watch.places.addresses import Resolve, urls_of
from jobs.watch.places.asking import Answer, Asker
from jobs.watch.reach import Place, Reach
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

_WITHIN = timedelta(seconds=2)
"""One that takes longer is away: it speaks of itself only, and the rest must not wait for it."""

_PATIENCE_SECONDS = 20.0
"""Longer than a look waits: while one that hangs owes an answer, looks are not delayed."""

_MOST_BYTES = 2**22

Numbers = Mapping[Metric, Mapping[tuple[str, ...], float]]

_directly = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
"""For an address: what is excepted from this machine's proxy is names."""


class Workers:
    """Every worker behind some URLs: a name may stand for several, and for others later.

    One whose address its name no longer stands for is forgotten, for somebody ended it; a name that
    stands for no address is a worker that is away.

    Args:
        urls: Of their metrics.
        token: What they ask for; empty: nothing.
        resolve: Knows addresses; asked at every look.
    """

    def __init__(self, urls: Iterable[str], token: str, resolve: Resolve) -> None:
        self._token = token
        self._resolve = resolve
        self._names = {url: Asker(Place.WORKER, url, _WITHIN) for url in urls}
        self._behind: dict[str, dict[str, Asker]] = {url: {} for url in self._names}

    def ask(self, now: datetime) -> Callable[[], Sequence[tuple[Reach, WorkerState]]]:
        """Begin to ask every worker; waits for their names, but not for long.

        Returns:
            Waits for every worker's answer, likewise. Each is named by the URL that was given, or,
            where its name stands for several, by one with its address.
        """
        names = {
            url: asker.ask(partial(urls_of, url, self._resolve), now)
            for url, asker in self._names.items()
        }
        asked: dict[str, Answer[WorkerState]] = {}
        for name, answer in names.items():
            reach, urls = answer()
            asked |= {name: partial(_away, reach)} if urls is None else self._each(name, urls, now)
        return partial(_told, asked)

    def close(self) -> None:
        """Ask no more."""
        for askers in (self._names, *self._behind.values()):
            for asker in askers.values():
                asker.close()

    def _each(
        self, name: str, urls: Sequence[str], now: datetime
    ) -> dict[str, Answer[WorkerState]]:
        behind = self._behind[name]
        for gone in behind.keys() - set(urls):
            behind.pop(gone).leave()
        for new in set(urls) - behind.keys():
            behind[new] = Asker(Place.WORKER, new, _WITHIN)
        host = "" if name in urls else urlsplit(name).netloc
        return {url: behind[url].ask(partial(scrape, url, self._token, host), now) for url in urls}


def _away(reach: Reach) -> tuple[Reach, None]:
    return reach, None


def _told(asked: Mapping[str, Answer[WorkerState]]) -> Sequence[tuple[Reach, WorkerState]]:
    answers = ((url, *answer()) for url, answer in asked.items())
    return [(reach, state or WorkerState(url, answers=False)) for url, reach, state in answers]


def scrape(url: str, token: str = "", host: str = "") -> WorkerState:
    """Ask a worker.

    Args:
        url: Of its metrics, `http://127.0.0.1:9101/metrics`.
        token: What it is brought; empty: nothing.
        host: The name behind which the address of the URL was found; empty: none, it is as given.

    Raises:
        StoreUnavailableError: No answer, or what answers there is no worker.
    """
    request = urllib.request.Request(url)  # noqa: S310 - an operator's URL
    if token:  # for this address, wherever its answer may point to
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    if host:
        request.add_unredirected_header("Host", host)
    ask = _directly if host else urllib.request.urlopen
    try:
        with ask(request, timeout=_PATIENCE_SECONDS) as answer:
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
