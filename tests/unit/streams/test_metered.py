from pathlib import Path

import pytest
from support.keys import KEYS

from jobs.demo.processes import free_port
from schemas.errors import ConflictError, StoreUnavailableError
from schemas.metrics import STORE_ERRORS, STORE_REQUESTS, STORE_SECONDS
from schemas.regions import Region
from storage.directory import DirectoryStore
from storage.s3 import S3Location, S3Store
from storage.store import ObjectStore
from streams.metered import MeteredStore
from streams.monitoring import Meter

EU = Region("eu")


def test_a_metered_store_does_what_the_other_does_and_counts(tmp_path: Path) -> None:
    meter = Meter()
    store: ObjectStore = MeteredStore(DirectoryStore(tmp_path), EU, meter)
    store.put("a", b"one")
    with pytest.raises(ConflictError):
        store.put("a", b"two", only_if_absent=True)
    assert store.get("a") == b"one"
    assert [info.key for info in store.list()] == ["a"]
    assert meter.value(STORE_REQUESTS, region="eu", operation="put") == 2
    assert meter.value(STORE_REQUESTS) == 4
    assert meter.value(STORE_ERRORS) == 0
    assert meter.value(STORE_SECONDS, operation="put") > 0


def test_what_a_store_does_not_answer_is_an_error() -> None:
    meter = Meter()
    where = S3Location("bucket", "eu-central-1", f"http://127.0.0.1:{free_port()}", KEYS)
    with pytest.raises(StoreUnavailableError):
        MeteredStore(S3Store(where), EU, meter).put("a", b"one")
    assert meter.value(STORE_ERRORS, region="eu", operation="put") == 1
    assert meter.value(STORE_REQUESTS, region="eu", operation="put") == 1
