"""Files that go, or come, while verify looks: what is in their place is looked at too."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from support.verified.house import (
    GERMAN,
    NOW,
    SMAROCK,
    House,
    Robot,
    broken,
    change,
    files,
    findings,
)
from support.wire import EU

from jobs.verify import Scene, verify
from jobs.verify.sample import Sampling
from jobs.verify.verdict import Verdict
from schemas.errors import StoreThrottledError
from schemas.tables import TELEMETRY
from storage.directory import DirectoryStore
from storage.store import ObjectInfo


class Once:
    """Something that happens the first time only."""

    def __init__(self, deed: Callable[[], object]) -> None:
        self._deed = deed
        self._is_done = False

    def __call__(self, scene: Scene) -> Scene:
        if not self._is_done:
            self._is_done = True
            self._deed()
        return scene


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with TemporaryDirectory() as folder:
        yield House.build(Path(folder) / "clean")


def compacted(house: House, key: str) -> str:
    """Another file with the same rows in the place of one."""
    store, place = house.store(), f"{key.rpartition('/')[0]}/{uuid4().hex}.parquet"
    store.put(place, store.get(key))
    store.delete([key])
    return place


def test_a_violation_in_a_file_that_came_when_others_had_been_listed_is_found(
    house: House, tmp_path: Path
) -> None:
    copy = house.copy(tmp_path / "copy")
    before = files(copy, TELEMETRY)

    def meanwhile() -> None:
        for key in before:
            change(copy, compacted(copy, key), of=SMAROCK, firmware=GERMAN.serial)

    outcome = verify(replace(copy.scene(Sampling(deep=True)), once_listed=Once(meanwhile)))
    assert outcome.seen.vanished == len(before)
    assert len(outcome.seen.chosen) == outcome.seen.files
    assert broken(outcome) == {f"{SMAROCK}/collect-device"}


def test_a_violation_is_found_in_what_came_later_still_and_names_whoever_came_as_late(
    house: House, tmp_path: Path
) -> None:
    """Each time that files are listed they go, and the last that come name a new robot."""
    copy, told = house.copy(tmp_path / "copy"), iter(range(9))
    newcomer = Robot("SN-4471-0099-DE", SMAROCK, "DE")

    def meanwhile(scene: Scene) -> Scene:
        number = next(told)
        if number == 2:
            return copy.with_words(newcomer.word(NOW)).scene(scene.sampling)
        place = compacted(copy, files(copy, TELEMETRY)[-1])
        if number:
            change(copy, place, of=SMAROCK, firmware=newcomer.serial)
        return scene

    outcome = verify(replace(copy.scene(Sampling(deep=True)), once_listed=meanwhile))
    assert outcome.seen.vanished == 2
    assert broken(outcome) == {f"{SMAROCK}/collect-device"}
    assert not outcome.seen.not_seen


def test_files_that_go_as_fast_as_they_are_looked_at_are_told_of(
    house: House, tmp_path: Path
) -> None:
    copy = house.copy(tmp_path / "copy")

    def meanwhile(scene: Scene) -> Scene:
        compacted(copy, files(copy, TELEMETRY)[-1])
        return scene

    outcome = verify(replace(copy.scene(Sampling(deep=True)), once_listed=meanwhile))
    assert [why for why in outcome.seen.not_seen if "files went as fast" in why]


class Shut(DirectoryStore):
    """A folder whose files of one table cannot be listed, but all together."""

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        if prefix.startswith(TELEMETRY.name):
            raise StoreThrottledError("it asks to slow down")
        return super().list(prefix)


def test_what_came_and_cannot_be_listed_is_no_file_that_was_looked_at(
    house: House, tmp_path: Path
) -> None:
    copy = house.copy(tmp_path / "copy")
    scene = copy.scene(Sampling(deep=True))
    eu, us = scene.buckets
    shut = replace(eu, store=Shut(copy.folder / EU))
    once = Once(lambda: compacted(copy, files(copy, TELEMETRY)[-1]))
    outcome = verify(replace(scene, buckets=(shut, us), once_listed=once))
    assert [why for why in outcome.seen.not_seen if "slow down" in why]
    verdicts = {one.promise.name: one.verdict for one in outcome.judged}
    assert verdicts[f"{SMAROCK}/collect-device"] is Verdict.NOT_CHECKABLE


def test_a_sample_keeps_its_size_when_a_file_of_it_goes(house: House, tmp_path: Path) -> None:
    copy, sampling = house.copy(tmp_path / "copy"), Sampling(seed=3, at_least=5)
    drawn = copy.verify(sampling).seen.chosen
    today = f"{TELEMETRY.name}/date={NOW:%Y-%m-%d}/"
    gone = [one.key for one in drawn if one.region == EU and one.key.startswith(today)]
    assert len(gone) == 1
    scene = replace(copy.scene(sampling), once_listed=Once(lambda: copy.store().delete(gone)))
    outcome = verify(scene)
    assert outcome.seen.vanished == 1
    assert len(set(outcome.seen.chosen)) == len(drawn) + 1
    assert not list(findings(outcome))
