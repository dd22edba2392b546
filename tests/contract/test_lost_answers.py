from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from support.destinations import APP, data_file, handle, offsets
from support.lossy import LossyWay, lossy_way
from support.rows import NOW

from jobs.demo.object_store import S3Server
from jobs.demo.processes import free_port
from schemas.errors import RetryableError, StoreUnavailableError
from storage.lake import Destination
from storage.s3 import S3Bucket, S3Location, S3Store


@pytest.fixture
def way(s3: S3Server) -> Iterator[LossyWay]:
    with lossy_way(s3.url) as way:
        yield way


@pytest.fixture
def far(bucket_at: Callable[..., S3Location], way: LossyWay) -> Destination:
    where = bucket_at()
    S3Bucket(where, []).create()
    made = handle(S3Store(replace(where, endpoint=way.url)))
    made.create()
    return made


@pytest.mark.parametrize("say_503", [False, True], ids=["cut off", "503"])
@pytest.mark.parametrize("times", [1, 9])
def test_a_commit_whose_answer_is_lost_is_found_in_the_log_once(
    far: Destination, way: LossyWay, times: int, *, say_503: bool
) -> None:
    far.versions([APP])
    way.lose(times, part_of_key="_delta_log", say_503=say_503)
    with pytest.raises(RetryableError):
        far.append([data_file(far.store, 10)], {APP: 9})
    way.lose(0, part_of_key="_delta_log")
    assert way.lost
    assert far.versions([APP]) == {APP: 9}
    assert sum(APP in entry.versions for entry in far.entries()) == 1
    assert offsets(far) == list(range(10))


def test_a_replacement_whose_answer_is_lost_was_made_once(far: Destination, way: LossyWay) -> None:
    files = [data_file(far.store, 10, first) for first in (0, 10)]
    far.versions([APP])
    far.append(files, {APP: 19})
    way.lose(1, part_of_key="_delta_log", say_503=True)
    far.replace(files, [data_file(far.store, 20)], reason="compact", now=NOW)
    assert way.lost == 1
    assert offsets(far) == list(range(20))
    assert [entry.reason for entry in far.entries()].count("compact") == 1


def test_a_put_whose_answer_is_lost_was_made(far: Destination, way: LossyWay) -> None:
    way.lose(9, part_of_key="some")
    with pytest.raises(StoreUnavailableError, match="some/object"):
        far.store.put("some/object", b"1")
    way.lose(0, part_of_key="some")
    assert far.store.get("some/object") == b"1"


def test_a_store_that_is_away_is_unavailable(bucket_at: Callable[..., S3Location]) -> None:
    where = replace(bucket_at(), endpoint=f"http://127.0.0.1:{free_port()}")
    far = handle(S3Store(where))
    with pytest.raises(StoreUnavailableError, match=where.bucket):
        far.store.get("telemetry/a")
