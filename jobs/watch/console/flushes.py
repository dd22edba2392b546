"""What each worker made durable lately, by its own metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from jobs.watch.state import State, WorkerState

_RECENT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Flushes:
    """What a worker made durable lately; None: not known.

    Attributes:
        a_minute: Flushes a minute.
        rows: Rows a flush.
        size: Bytes a flush.
        took: Seconds a flush.
        store: Region -> (seconds a request to its store, those that failed).
    """

    worker: WorkerState
    a_minute: float | None
    rows: float | None
    size: float | None
    took: float | None
    store: Mapping[str, tuple[float, int]]


def flushes(states: Sequence[State]) -> Sequence[Flushes]:
    """What every worker made durable in the last ten minutes, by its own metrics."""
    latest = states[-1]
    past = next((one for one in states if latest.now - one.now <= _RECENT), latest)
    before = {worker.url: worker for worker in past.workers if worker.answers}
    minutes = (latest.now - past.now) / timedelta(minutes=1)
    return [_flushes(one, before.get(one.url), minutes) for one in latest.workers]


def _flushes(now: WorkerState, before: WorkerState | None, minutes: float) -> Flushes:
    if before is None or now.flushes < before.flushes:  # it is new, or was started again
        before = WorkerState(now.url, answers=True)
        minutes = 0
    n = now.flushes - before.flushes
    return Flushes(
        now,
        n / minutes if minutes else None,
        (now.flushed_rows - before.flushed_rows) / n if n else None,
        (now.flushed_bytes - before.flushed_bytes) / n if n else None,
        (now.flush_seconds - before.flush_seconds) / n if n else None,
        {region: _store(now, before, region) for region in sorted(now.store_requests)},
    )


def _store(now: WorkerState, before: WorkerState, region: str) -> tuple[float, int]:
    requests = now.store_requests[region] - before.store_requests.get(region, 0)
    seconds = now.store_seconds.get(region, 0) - before.store_seconds.get(region, 0)
    errors = now.store_errors.get(region, 0) - before.store_errors.get(region, 0)
    return (seconds / requests if requests else 0.0), errors
