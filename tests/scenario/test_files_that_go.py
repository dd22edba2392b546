"""Files that go, or come, while verify looks: what is in their place is looked at too."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from support.verified.house import GERMAN, NOW, SMAROCK, House, broken, change, files, findings
from support.wire import EU

from jobs.verify import Scene, verify
from jobs.verify.sample import Sampling
from schemas.tables import TELEMETRY


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
