"""Several processes that believe to own every partition for ever, beside a rewriter."""

import os
from pathlib import Path
from uuid import uuid4

import pytest
from support.evidence.fleet import Fleet
from support.evidence.proof import Report, compare
from support.evidence.reader import Follower
from support.faults.rig import Place, Source, oracle_of, wall_clock
from support.faults.zombies import Believer, Crowd, Rewriter, Sweeper, Zombie

from jobs.demo.object_store import S3Server
from schemas.retention import microseconds
from streams.sink.delivery import Delivery

SECONDS = float(os.environ.get("FUZZ_SECONDS", "10"))  # noqa: TID251 - the edge, as a command is
CONTROL_SECONDS = 6.0


STORES = [
    pytest.param("directory", id="directory"),
    pytest.param("moto", id="moto"),
    pytest.param("versitygw", id="versitygw", marks=pytest.mark.versitygw),
]


@pytest.fixture(params=STORES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    name = f"fuzz-{uuid4().hex[:8]}"
    match request.param:
        case "directory":
            place = Place(str(tmp_path / "stores"), name)
        case "moto":
            server: S3Server = request.getfixturevalue("s3")
            place = Place(server.url, name)
        case _:
            place = Place(request.getfixturevalue("versitygw"), name, "eu-central-1")
    place.create()
    return place


@pytest.fixture
def folder(tmp_path: Path) -> Place:
    place = Place(str(tmp_path / "stores"), "")
    place.create()
    return place


@pytest.fixture
def source() -> Source:
    return Source(Fleet(microseconds(wall_clock())))


def _fuzz(
    place: Place,
    source: Source,
    seconds: float,
    *,
    kind: type[Delivery] = Delivery,
    others: tuple[Rewriter | Sweeper, ...] = (),
) -> Report:
    zombies = [Zombie(place, source, seed, seconds, kind) for seed in range(3)]
    followers = place.followers()
    Crowd([*zombies, *others]).run(lambda: [one.poll() for one in followers.values()])
    return _report(source, followers)


def _report(source: Source, followers: dict[tuple[str, str], Follower]) -> Report:
    for follower in followers.values():
        follower.poll()
        follower.look_for_missing()
    ends = {
        partition: max(f.seen[-1].ends[partition.application_id] for f in followers.values())
        for partition in source.all()
    }
    oracle = oracle_of((1, one) for one in source.fleet.registrations())
    return compare(followers, source.logs(ends, oracle), complete=False)


def test_whoever_believes_to_own_everything_each_row_is_there_once(
    place: Place, source: Source, tmp_path: Path
) -> None:
    report = _fuzz(place, source, SECONDS, others=(Rewriter(place, tmp_path / "gone", SECONDS),))
    report.check()
    assert report.rows > 100
    assert report.versions > 20


def test_without_comparing_before_the_commit_rows_are_there_twice(
    folder: Place, source: Source
) -> None:
    report = _fuzz(folder, source, CONTROL_SECONDS, kind=Believer)
    assert report.wrong["twice"] > 0
    assert report.wrong["spans that do not tile"] > 0
    with pytest.raises(AssertionError, match="twice"):
        report.check()


def test_a_sweeper_that_does_not_ask_for_the_age_takes_a_file_that_is_needed(
    folder: Place, source: Source
) -> None:
    report = _fuzz(folder, source, CONTROL_SECONDS, others=(Sweeper(folder, CONTROL_SECONDS),))
    with pytest.raises(AssertionError, match="missing files"):
        report.check()
