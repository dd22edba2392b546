from datetime import timedelta
from pathlib import Path

import pytest
from support.keys import KEYS

from jobs.demo.processes import free_port
from schemas.regions import Region
from storage.directory import DirectoryStore
from storage.s3 import S3Location, S3Store
from storage.store import ObjectStore
from streams.health import RECENTLY_SECONDS, Health
from streams.kafka.watchdog import Watchdog

EU, US = Region("eu"), Region("us")
LIMIT = timedelta(minutes=10)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watchdog(clock: Clock) -> Watchdog:
    return Watchdog(LIMIT, now=clock)


def health(watchdog: Watchdog, clock: Clock, **stores: ObjectStore) -> Health:
    return Health(watchdog, {Region(name): store for name, store in stores.items()}, clock)


def nowhere() -> S3Store:
    """A store that nobody serves."""
    return S3Store(S3Location("bucket", "us-east-1", f"http://127.0.0.1:{free_port()}", KEYS))


def test_a_worker_that_just_began_is_alive_and_not_ready(clock: Clock, watchdog: Watchdog) -> None:
    begun = health(watchdog, clock)
    assert (begun.illness(), begun.hindrance()) == ("", "not in its group")


def test_a_worker_in_its_group_whose_stores_answer_is_alive_and_ready(
    clock: Clock, watchdog: Watchdog, tmp_path: Path
) -> None:
    well = health(watchdog, clock, eu=DirectoryStore(tmp_path))
    watchdog.well()
    assert well.hindrance() == "no answer from the store of eu"
    well.ask(EU)
    assert (well.illness(), well.hindrance()) == ("", "")


def test_a_worker_without_its_group_for_minutes_is_not_alive(
    clock: Clock, watchdog: Watchdog
) -> None:
    gone = health(watchdog, clock)
    watchdog.well()
    clock.now += LIMIT.total_seconds() / 2 - 1
    assert (gone.illness(), gone.hindrance()) == ("", "not in its group")
    clock.now += 1
    assert gone.illness() == "not in its group for 300 s"


def test_a_worker_whose_store_is_away_is_alive_and_not_ready_and_says_which(
    clock: Clock, watchdog: Watchdog, tmp_path: Path
) -> None:
    one = health(watchdog, clock, eu=DirectoryStore(tmp_path), us=nowhere())
    watchdog.well()
    for region in (EU, US):
        one.ask(region)
    assert (one.illness(), one.hindrance()) == ("", "no answer from the store of us")


def test_an_old_answer_is_none(clock: Clock, watchdog: Watchdog, tmp_path: Path) -> None:
    one = health(watchdog, clock, eu=DirectoryStore(tmp_path))
    one.ask(EU)
    clock.now += RECENTLY_SECONDS + 1
    watchdog.well()
    assert one.hindrance() == "no answer from the store of eu"
    one.ask(EU)
    assert one.hindrance() == ""
