"""What a system does while it is looked at, and what it lawfully keeps, is no violation."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from support.verified.house import FRENCH, NOW, SMAROCK, House, broken, files, findings
from support.wire import EU, US

from jobs.verify import Scene, verify
from jobs.verify.checks.rows import sample_of
from schemas.ledger_keys import LedgerKey
from schemas.retention import microseconds
from schemas.tables import MAP_TILES, TABLES, TELEMETRY
from storage.directory import DirectoryStore
from storage.s3.evidence import Unseen


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with TemporaryDirectory() as folder:
        yield House.build(Path(folder) / "clean")


def test_who_devices_are_is_asked_when_all_is_listed_so_that_no_row_is_newer(
    house: House,
) -> None:
    said = list[str]()
    whole = house.scene()

    def once_listed(scene: Scene) -> Scene:
        said.append("registry")
        return replace(scene, registry=whole.registry, keyring=whole.keyring)

    early = replace(whole, registry=None, keyring=None)
    outcome = verify(replace(early, once_listed=once_listed), said.append)
    assert not list(findings(outcome))
    assert outcome.scene.registry is whole.registry
    listed = [number for number, what in enumerate(said) if what.startswith("listing")]
    assert max(listed) < said.index("registry")


def test_what_comes_back_when_a_restriction_is_lifted_is_acted_on_a_day_later(
    house: House,
) -> None:
    """The account was closed in the meantime, and its rows were put aside by then."""
    closed = (FRENCH.serial.encode(), None, NOW - timedelta(hours=26))
    value = b'{"device":"%b"}' % FRENCH.serial.encode()
    lifted = (b"mark/" + FRENCH.serial.encode(), value, NOW - timedelta(hours=1))
    before, after = house.with_words(closed), house.with_words(closed, lifted)
    gone = "rows of telemetry of a closed account are gone"
    assert any(gone in one for one in findings(before.verify()))
    assert not any(gone in one for one in findings(after.verify()))


def test_the_log_of_a_table_that_nobody_writes_to_may_be_old(house: House, tmp_path: Path) -> None:
    quiet = house.copy(tmp_path / "quiet")
    old = (NOW - timedelta(days=20)).timestamp()
    for region in (EU, US):
        for table in TABLES.values():
            if not files(quiet, table, region):
                for path in (quiet.folder / region / table.name).rglob("*.json"):
                    os.utime(path, (old, old))
    assert not list(findings(quiet.verify()))


def test_of_a_log_with_rows_only_the_newest_entry_may_be_old(house: House, tmp_path: Path) -> None:
    quiet = house.copy(tmp_path / "quiet")
    *older, newest = sorted((quiet.folder / EU / "telemetry/_delta_log").glob("*.json"))
    old = (NOW - timedelta(days=20)).timestamp()
    os.utime(newest, (old, old))
    assert not broken(quiet.verify())
    os.utime(older[-1], (old, old))
    assert f"{SMAROCK}/fortnight" in broken(quiet.verify())


def test_a_watch_entry_forbids_nothing_that_came_later_nor_while_its_erasure_is_at_work(
    house: House, tmp_path: Path
) -> None:
    watched = house.copy(tmp_path / "watched")
    watched.watch(FRENCH, up_to=NOW - timedelta(days=10))
    watched.watch(FRENCH, up_to=NOW - timedelta(hours=1))
    outcome = watched.verify()
    assert not list(findings(outcome))
    assert (outcome.seen.watched[EU].entries, outcome.seen.watched[EU].pending) == (2, 1)


def test_what_is_aside_of_a_restricted_device_may_wait_for_its_erasure(
    house: House, tmp_path: Path
) -> None:
    watched = house.copy(tmp_path / "watched").with_all_put_aside(FRENCH)
    watched.watch(FRENCH, up_to=NOW - timedelta(days=2))
    erased, at = microseconds(NOW - timedelta(days=2)), NOW - timedelta(days=10)
    for restricted in (True, False):
        said = {"device": FRENCH.serial, "restricted": restricted, "erased": erased}
        mark = b"mark/" + FRENCH.serial.encode(), msgspec.json.encode(said), at
        found = findings(watched.with_words(mark).verify())
        assert any("nobody restricts it" in one for one in found) is not restricted
        assert not any("by its watch entry" in one for one in found)


def test_whoever_has_no_key_of_the_ledger_cannot_tell_what_a_watch_entry_says(
    house: House, tmp_path: Path
) -> None:
    watched = house.copy(tmp_path / "watched")
    watched.watch(FRENCH, up_to=NOW - timedelta(days=2))
    for key in (lambda _: Unseen("it is not at hand"), lambda _: LedgerKey.generate(EU)):
        outcome = verify(replace(watched.scene(), ledger_key=key))
        assert not list(findings(outcome))
        (looked,) = (one for one in outcome.judged if one.promise.name == f"{SMAROCK}/right-erase")
        assert any("_watch/" in why for look in looked.looks for why in look.unknown)


class Leaving(DirectoryStore):
    """A folder from which a file goes when everything is listed."""

    def get(self, key: str) -> bytes:
        if key.startswith("telemetry/date="):
            raise KeyError(key)
        return super().get(key)


def test_files_that_go_while_others_are_read_are_told_and_nothing_is_found_missing(
    house: House,
) -> None:
    scene = house.scene()
    eu, us = scene.buckets
    leaving = replace(eu, store=Leaving(house.folder / EU))
    outcome = verify(replace(scene, buckets=(leaving, us)))
    gone = len(files(house, TELEMETRY))
    assert outcome.seen.vanished == gone
    assert f"{gone} of them were gone meanwhile" in sample_of(outcome.scene)
    assert files(house, MAP_TILES)
    assert not [one for one in findings(outcome) if "tell of no such fault" in one]
