"""A ledger that somebody laid hands on: verify says so of every promise that it tells of."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.configured import POLICIES, looks

from jobs import office
from jobs.office import assurances, requests
from jobs.verify import Scene, open_buckets
from jobs.verify.configuration.collect import collect
from jobs.verify.configuration.state import Configured
from jobs.verify.verdict import Verdict, verdict_of
from schemas.regions import Region, Residency
from schemas.requests import Request, Right
from schemas.settings import RegionSettings, Settings

START = datetime(2026, 11, 25, 12, tzinfo=UTC)
EU = Region("eu")
ENVIRONMENT = {"FORTNIGHT_KEYRING_PASSPHRASE": "correct horse battery staple"}
TOLD = {
    "360-robot-vacuum/right-access": Verdict.HELD,
    "360-robot-vacuum/training": Verdict.ATTESTED,
    "360-robot-vacuum/access-review": Verdict.HELD,
    "smarock/authorities": Verdict.HELD,
}
"""Some promises that a ledger tells of, as they are kept."""


def settings(folder: Path) -> Settings:
    return Settings(
        regions=(RegionSettings(EU, f"file:{folder / 'eu'}", "eu-central-1"),),
        keyring=str(folder / "keyring"),
        s3_endpoint="http://127.0.0.1:1",  # so nobody asks AWS who we are
    )


def looked(folder: Path, now: datetime = START + timedelta(days=2)) -> Configured:
    chosen = settings(folder)
    scene = Scene(
        settings=chosen,
        policies=POLICIES,
        residency=Residency.shipped(),
        buckets=open_buckets(chosen, now),
        now=now,
    )
    return collect(scene)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment whose ledger tells of signatures, reviews and a request that was answered."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "eu").mkdir()
    chosen = settings(folder)
    office.make_keys(chosen, ENVIRONMENT)
    officer = office.open_office(chosen, ENVIRONMENT, EU, now=START)
    for name in assurances.to_attest(POLICIES):
        assurances.attest(officer, name, b"signed", POLICIES)
    for what in assurances.to_review(POLICIES):
        assurances.review(officer, what, b"looked at", POLICIES)
    requests.receive(officer, Request("R-2026-1", Right.ACCESS, START.date()))
    requests.answer(officer, "R-2026-1")
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "copy"))


def entries(folder: Path) -> list[Path]:
    return sorted((folder / "eu/_ledger").iterdir())


def anchors(folder: Path) -> list[Path]:
    return sorted((folder / "keyring.anchors/eu").iterdir())


def change(folder: Path) -> None:
    path = entries(folder)[2]
    path.write_bytes(path.read_bytes().replace(b"2026", b"2025", 1))


def swap(folder: Path) -> None:
    one, other = entries(folder)[3:5]
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def take_out(folder: Path) -> None:
    entries(folder)[4].unlink()


def cut_off(folder: Path) -> None:
    entries(folder)[-1].unlink()


def cut_off_with_its_anchors(folder: Path) -> None:
    """What stays is whole; but the newest anchor that is left is of an entry further back."""
    entries(folder)[-1].unlink()
    for path in anchors(folder)[-3:]:
        path.unlink()


def without_anchors(folder: Path) -> None:
    shutil.rmtree(folder / "keyring.anchors/eu")


def with_a_stray(folder: Path) -> None:
    (folder / "eu/_ledger/notes.json").write_text("{}")


def of_another(folder: Path) -> None:
    shutil.copy(entries(folder)[0], entries(folder)[-1])


def test_a_ledger_that_nobody_touched_tells_of_promises_that_are_kept(folder: Path) -> None:
    found = looked(folder)
    assert {name: verdict_of(looks(name, found)) for name in TOLD} == TOLD


@pytest.mark.parametrize(
    ("mischief", "said"),
    [
        (change, "entry 2"),
        (swap, "entry 3: it says that it is entry 4"),
        (take_out, "entries 4 to 4 are missing"),
        (cut_off, "the ledger was cut before it"),
        (cut_off_with_its_anchors, "could be cut off unseen"),
        (without_anchors, "nothing is anchored"),
        (with_a_stray, "neither an entry nor an anchor"),
        (of_another, "it says that it is entry 0"),
    ],
)
def test_a_violation_of_a_ledger_breaks_every_promise_that_it_tells_of(
    folder: Path, mischief: Callable[[Path], None], said: str
) -> None:
    mischief(folder)
    found = looked(folder)
    for name in TOLD:
        judged = looks(name, found)
        assert verdict_of(judged) is Verdict.BROKEN
        assert any(said in str(one) for look in judged for one in look.findings)


def test_a_ledger_whose_key_is_gone_is_not_checkable_and_never_held(folder: Path) -> None:
    (folder / "keyring.ledger-key").unlink()
    found = looked(folder)
    assert {verdict_of(looks(name, found)) for name in TOLD} == {Verdict.NOT_CHECKABLE}
