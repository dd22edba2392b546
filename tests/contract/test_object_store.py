from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.errors import ConflictError, FatalError, StoreUnavailableError
from storage.directory import DirectoryStore
from storage.s3 import S3Store
from storage.store import ObjectStore, check_conditional_puts

KEY = "telemetry/date=2026-11-21/expires=2026-12-05T14/a.parquet"


def keys(store: ObjectStore, prefix: str = "") -> list[str]:
    return [info.key for info in store.list(prefix)]


def test_what_was_put_is_read_back(store: ObjectStore) -> None:
    for data in (b"", b"first", b"second" * 100_000):
        store.put(KEY, data)
        assert store.get(KEY) == data


def test_the_etag_changes_whenever_the_bytes_do(store: ObjectStore) -> None:
    first = store.put(KEY, b"first")
    assert store.put(KEY, b"second") != first
    assert store.put(KEY, b"first") == first


def test_a_conditional_put_never_replaces_an_object(store: ObjectStore) -> None:
    store.put(KEY, b"first", only_if_absent=True)
    with pytest.raises(ConflictError):
        store.put(KEY, b"second", only_if_absent=True)
    assert store.get(KEY) == b"first"


def test_of_several_conditional_puts_exactly_one_wins(store: ObjectStore) -> None:
    for round_ in range(5):
        check_conditional_puts(store, f"self-test/{round_}", contenders=8)
    assert keys(store) == []


def test_a_store_that_ignores_the_condition_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match="6 of 6"):
        check_conditional_puts(Careless(tmp_path), "self-test")


class Careless(DirectoryStore):
    """A store that ignores the condition, as some that speak like S3 do."""

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        del only_if_absent
        return super().put(key, data)


def test_a_part_is_read_and_ends_where_the_object_does(store: ObjectStore) -> None:
    store.put(KEY, b"0123456789")
    assert store.get_range(KEY, 2, 3) == b"234"
    assert store.get_range(KEY, 8, 100) == b"89"


@pytest.mark.parametrize(("start", "length"), [(10, 1), (-1, 1), (0, 0)])
def test_a_part_that_is_not_there_is_refused(store: ObjectStore, start: int, length: int) -> None:
    store.put(KEY, b"0123456789")
    with pytest.raises(ValueError, match="bytes"):
        store.get_range(KEY, start, length)


def test_an_object_that_is_not_there_is_a_key_error(store: ObjectStore) -> None:
    store.put("telemetry/b", b"")
    for key in (KEY, "telemetry", "telemetry/b/c"):
        with pytest.raises(KeyError):
            store.get(key)
        with pytest.raises(KeyError):
            store.get_range(key, 0, 1)
        assert store.head(key) is None


def test_an_object_says_its_size_and_when_it_was_put(store: ObjectStore) -> None:
    store.put(KEY, b"12345")
    now = datetime.now(UTC)  # noqa: TID251 - the store has a clock of its own
    info = store.head(KEY)
    assert info is not None
    assert (info.key, info.size) == (KEY, 5)
    assert abs(info.modified - now) < timedelta(seconds=5)
    (listed,) = store.list(KEY)
    assert (listed.key, listed.size) == (KEY, 5)
    assert abs(listed.modified - info.modified) < timedelta(seconds=1)


def test_a_listing_goes_by_prefix_and_in_the_order_of_keys(store: ObjectStore) -> None:
    wanted = ["a/b", "a/b-c", "a/b/c", "a/c", "ab", "b"]
    for key in reversed(wanted[:2] + wanted[3:]):
        store.put(key, b"")
    assert keys(store) == ["a/b", "a/b-c", "a/c", "ab", "b"]
    assert keys(store, "a") == ["a/b", "a/b-c", "a/c", "ab"]
    assert keys(store, "a/b") == ["a/b", "a/b-c"]
    assert keys(store, "c/") == []


def test_a_listing_has_no_limit(store: ObjectStore) -> None:
    wanted = [f"many/{i:05}" for i in range(1100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.put(key, b""), wanted))
    assert keys(store, "many/") == wanted
    store.delete(wanted)
    assert keys(store, "many/") == []


def test_deleting_is_idempotent(store: ObjectStore) -> None:
    store.put(KEY, b"1")
    store.put("other", b"2")
    store.delete([KEY, "never/there"])
    store.delete([KEY])
    store.delete([])
    assert keys(store) == ["other"]


def test_deleting_every_version_leaves_none(store: ObjectStore) -> None:
    for i in range(15):
        store.put(f"a/{i:02}", b"1")
        store.put(f"a/{i:02}", b"2")
    store.put("a/012", b"3")
    gone = [f"a/{i:02}" for i in range(1, 15)]
    store.delete(gone, every_version=True)
    store.delete(["a/00"], every_version=True)
    assert [info.key for info in store.list_versions()] == ["a/012"]


def test_puts_and_deletes_at_once_never_lose_an_object(store: ObjectStore) -> None:
    def come_and_go(i: int) -> None:
        for _ in range(10):
            until_done(lambda: store.put(f"folder/{i % 2}/{i}", b"1"))
            until_done(lambda: store.delete([f"folder/{i % 2}/{i}"]))
        until_done(lambda: store.put(f"folder/{i % 2}/{i}", b"2"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(come_and_go, range(4)))
    assert keys(store) == ["folder/0/0", "folder/0/2", "folder/1/1", "folder/1/3"]


def until_done(call: Callable[[], object]) -> None:
    for _ in range(100):
        try:
            call()
        except StoreUnavailableError:
            continue
        return


def test_uploads_that_began_after_the_instant_are_left_alone(store: ObjectStore) -> None:
    store.put(KEY, b"1")
    assert store.abort_uploads(datetime(2020, 1, 1, tzinfo=UTC)) == 0
    assert store.get(KEY) == b"1"


def test_uploads_that_nobody_finished_are_aborted(store: ObjectStore, tmp_path: Path) -> None:
    if isinstance(store, S3Store):
        client, bucket = store.location.client(), store.location.bucket
        client.create_multipart_upload(Bucket=bucket, Key=KEY)
    else:
        store = DirectoryStore(tmp_path)
        (tmp_path / ".incoming").mkdir()
        (tmp_path / ".incoming" / "half").write_bytes(b"1")
    store.put("telemetry/a", b"1")
    tomorrow = datetime.now(UTC) + timedelta(days=1)  # noqa: TID251 - the store has a clock
    assert store.abort_uploads(tomorrow) == 1
    assert store.abort_uploads(tomorrow) == 0
    assert keys(store) == ["telemetry/a"]
