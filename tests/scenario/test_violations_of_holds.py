"""Held rows that are gone, changed, or kept without a hold: verify finds them."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from support.configured import NOW, POLICIES, PROMISES, books, clean, entry
from support.office import BOB, PASS
from support.rows import path_of, rows_of

from jobs import office
from jobs.verify import Scene, open_buckets
from jobs.verify.checks.hold import copies
from jobs.verify.checks.hold_signs import signs
from jobs.verify.configuration.state import Books
from jobs.verify.scene import Purpose
from jobs.verify.seen import Seen
from jobs.verify.stored.listing import Listing
from jobs.verify.verdict import Look, Verdict, verdict_of
from schemas.approvals import APPROVE, PROPOSE, proposal_of
from schemas.holds import PLACE, RELEASE
from schemas.ledger import Entry
from schemas.ledger_keys import LedgerKeys
from schemas.regions import Region, Residency
from schemas.settings import RegionSettings, Settings
from schemas.tables import TELEMETRY
from storage.directory import DirectoryStore
from storage.holds import CopyFolder

EU = Region("eu")
HOLD = "H-2026-1"
PLACED = entry(PLACE, scope={"hold": HOLD, "ground": "dispute", "review": "2027-01-01"})
RELEASED = entry(RELEASE, number=1, scope={"hold": HOLD})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bucket of held rows, in which the pipeline's own code put two copies."""
    store = DirectoryStore(tmp_path / "held")
    store.put(f"_holds/{HOLD}.json", b"{}")
    copied = CopyFolder.of(store, HOLD, TELEMETRY, path_of(1), {})
    for seed in (1, 2):
        assert copied.add(rows_of(TELEMETRY, 3, seed=seed), path_of(seed)) == 3
    return tmp_path / "held"


def looked(folder: Path, told: Books) -> Look:
    (look,) = copies(PROMISES["smarock/hold"], scene_of(folder, told))
    return look


def scene_of(folder: Path, told: Books) -> Scene:
    rows, held = (
        RegionSettings(EU, f"file:{place}", "eu-central-1")
        for place in (folder.with_name("rows"), folder)
    )
    settings = Settings(regions=(rows,), holds=(held,))
    return Scene(
        settings=settings,
        policies=POLICIES,
        residency=Residency.shipped(),
        buckets=open_buckets(settings, NOW),
        configured=clean(books=(told,)),
        now=NOW,
    )


def manifests(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.json") if path.parent.name != "_holds")


def copied(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.parquet"))


def without_a_copy(folder: Path) -> None:
    copied(folder)[0].unlink()


def without_a_manifest(folder: Path) -> None:
    manifests(folder)[0].unlink()


def with_a_changed_copy(folder: Path) -> None:
    path = copied(folder)[0]
    path.write_bytes(path.read_bytes()[:-1] + b"X")


def with_fewer_rows_than_named(folder: Path) -> None:
    """The digest is the copy's; but the manifest names a row that is not in it."""
    path = manifests(folder)[0]
    path.write_bytes(path.read_bytes().replace(b'"rows":[', b'"rows":["0",'))


def with_what_is_no_manifest(folder: Path) -> None:
    manifests(folder)[1].write_bytes(b"[]")


def aged(path: Path, age: timedelta = timedelta(hours=2)) -> None:
    old = (NOW - age).timestamp()
    os.utime(path, (old, old))


def without_its_record(folder: Path) -> None:
    (folder / "_holds" / f"{HOLD}.json").unlink()


def of_another_hold(folder: Path) -> None:
    record = folder / "_holds" / "H-2026-9.json"
    record.write_bytes(b"{}")
    aged(record)


def test_copies_as_the_pipeline_puts_them_are_held(folder: Path) -> None:
    look = looked(folder, books(PLACED))
    assert verdict_of([look]) is Verdict.HELD
    assert look.looked_at == 1 + 1 + 2  # a hold, a folder, two manifests


@pytest.mark.parametrize(
    ("mischief", "said"),
    [
        (without_a_copy, "its copy is gone"),
        (without_a_manifest, "a manifest is missing"),
        (with_a_changed_copy, "its copy was changed"),
        (with_fewer_rows_than_named, "its copy has not the rows that it names"),
        (with_what_is_no_manifest, "it is no manifest"),
        (without_its_record, "its record is gone"),
        (of_another_hold, "hold H-2026-9: rows are kept for it"),
    ],
)
def test_a_violation_of_a_hold_is_found(
    folder: Path, mischief: Callable[[Path], None], said: str
) -> None:
    mischief(folder)
    found = [str(one) for one in looked(folder, books(PLACED)).findings]
    assert len(found) == 1
    assert said in found[0]


def test_a_violation_is_also_what_is_kept_after_the_release(folder: Path) -> None:
    aged(folder / "_holds" / f"{HOLD}.json")
    (found,) = looked(folder, books(PLACED, RELEASED)).findings
    assert "no such hold that lasts" in found.what


def test_a_hold_that_is_being_placed_is_no_violation(folder: Path) -> None:
    record = folder / "_holds" / "H-2026-9.json"
    record.write_bytes(b"{}")
    aged(record, timedelta(minutes=50))
    look = looked(folder, books(PLACED))
    assert not look.findings
    assert any(note.startswith("hold H-2026-9: its record is there") for note in look.notes)


def test_what_is_released_while_others_are_looked_at_is_no_violation(folder: Path) -> None:
    """It was listed; by the time that it is looked at it is gone, and the ledger tells so."""
    told = books(PLACED, RELEASED)
    scene = scene_of(folder, told)
    (holds,) = (one for one in scene.buckets if one.purpose is Purpose.HOLDS)
    listing = Listing(holds.name, EU, others=[info.key for info in holds.store.list()])
    rmtree(folder)
    (look,) = copies(PROMISES["smarock/hold"], replace(scene, seen=Seen(listings=(listing,))))
    assert not look.findings
    assert not look.unknown


def proposed(*, approved: bool) -> list[Entry]:
    """A release that one person wants, or two do."""
    wanted = proposal_of(entry(RELEASE, scope={"hold": HOLD}).act, EU)
    said: dict[str, Any] = {"scope": wanted.scope, "concerns": wanted.concerns}
    proposal, approval = entry(PROPOSE, number=1, **said), entry(APPROVE, number=2, by=BOB, **said)
    return [proposal, approval] if approved else [proposal]


def test_a_release_that_is_caught_midway_is_no_violation_once_two_persons_want_it(
    folder: Path,
) -> None:
    without_its_record(folder)
    without_a_copy(folder)
    look = looked(folder, books(PLACED, *proposed(approved=True)))
    assert not look.findings
    assert any("its release is approved" in note for note in look.notes)


def test_it_is_a_violation_where_only_one_person_wants_the_release(folder: Path) -> None:
    without_its_record(folder)
    assert looked(folder, books(PLACED, *proposed(approved=False))).findings


def test_it_is_a_violation_where_a_copy_goes_before_the_release_begins(folder: Path) -> None:
    without_a_copy(folder)
    assert looked(folder, books(PLACED, *proposed(approved=True))).findings


def test_a_hold_that_is_released_since_the_ledger_was_read_is_no_violation(
    folder: Path, tmp_path: Path
) -> None:
    without_its_record(folder)
    ledger_keys = LedgerKeys.generate([EU], PASS)
    (tmp_path / "keys").write_bytes(ledger_keys.format())
    scene = scene_of(folder, books(PLACED))
    settings = replace(
        scene.settings, keyring=str(tmp_path / "keyring"), ledger_key=str(tmp_path / "keys")
    )
    ledger = office.open_ledger(settings, EU)
    key = ledger_keys.open(EU, PASS)
    ledger.append(PLACED.act, key, NOW)
    hold = PROMISES["smarock/hold"]
    assert next(iter(copies(hold, replace(scene, settings=settings)))).findings
    ledger.append(RELEASED.act, key, NOW)
    rmtree(folder / HOLD)
    (look,) = copies(hold, replace(scene, settings=settings))
    assert not look.findings


def test_without_the_ledger_nobody_knows_what_is_held(folder: Path) -> None:
    look = looked(folder, Books(region="eu", refused="no answer"))
    assert verdict_of([look]) is Verdict.NOT_CHECKABLE


def signed(folder: Path, told: Books, *names: str) -> Look:
    """What is said of signs, all of which are two hours old."""
    rows = folder.with_name("rows")
    for name in names:
        DirectoryStore(rows).put(f"_held/{name}", b"")
        aged(rows / "_held" / name)
    (look,) = signs(PROMISES["smarock/hold"], scene_of(folder, told))
    return look


def test_a_hold_that_lasts_and_has_its_sign_is_held(folder: Path) -> None:
    look = signed(folder, books(PLACED), HOLD)
    assert verdict_of([look]) is Verdict.HELD
    assert look.looked_at == 1


def test_a_violation_is_a_hold_without_its_sign(folder: Path) -> None:
    look = signed(folder, books(PLACED, *proposed(approved=False)))
    assert [f"hold {HOLD}" in one.place for one in look.findings] == [True]
    assert "its sign is gone" in look.findings[0].what


def test_a_violation_is_a_sign_without_a_hold_that_lasts(folder: Path) -> None:
    look = signed(folder, books(PLACED, RELEASED), HOLD)
    assert [f"hold {HOLD}" in one.place for one in look.findings] == [True]
    assert "the ledger tells of no such hold" in look.findings[0].what


def test_a_sign_of_a_hold_that_is_being_placed_or_released_is_no_violation(folder: Path) -> None:
    released = signed(folder, books(PLACED, *proposed(approved=True)))
    assert "its release is approved" in released.notes[0]
    sign = folder.with_name("rows") / "_held" / HOLD
    DirectoryStore(folder.with_name("rows")).put(f"_held/{HOLD}", b"")
    aged(sign, timedelta(minutes=50))
    placed = signed(folder, books())
    assert "its sign is there for less than an hour" in placed.notes[0]
    assert not (*released.findings, *placed.findings)
    assert signed(folder, Books(region="eu", refused="no answer")).unknown
