from collections.abc import Callable
from functools import partial

import pytest
from support.lake import Writer, empty
from support.rows import NOW, pseudonym
from support.wire import EU

from jobs.rewriting import Search, Selection, find, move, take_out
from schemas.retention import FORTNIGHT
from schemas.tables import TELEMETRY
from storage.lake import Destination
from storage.s3 import S3Bucket, S3Location, S3Store
from storage.store import ObjectStore

ALICE = pseudonym(1001)
OF_ALICE = Selection(frozenset({ALICE}))
take = partial(take_out, selection=OF_ALICE, reason="erase", clock=lambda: NOW)


def filled(store: ObjectStore) -> Destination:
    """Two files, one of which has rows of Alice's among many."""
    writer = Writer(empty(store))
    others = [pseudonym(i % 50) for i in range(2_000)]
    writer.commit(
        writer.put(NOW + FORTNIGHT, rows=2_001, device=[ALICE, *others]),
        writer.put(NOW + FORTNIGHT, rows=2_000, device=others),
    )
    return writer.destination


def offsets(destination: Destination) -> list[int]:
    return sorted(destination.dataset().to_table(["offset"])["offset"].to_pylist())


def test_rows_are_found_by_parts_of_files_and_taken_out(store: ObjectStore) -> None:
    destination = filled(store)
    there, size = offsets(destination), sum(file.size for file in destination.live())
    found = find(destination, OF_ALICE)
    assert (found.rows, len(found.files), found.looked_at) == (1, 1, 2)
    assert found.bytes_read < size
    assert take(destination).rows == 1
    assert offsets(destination) == there[1:]
    assert Search(destination, OF_ALICE).found().is_nothing


def test_what_was_taken_out_is_in_no_version_of_any_object(
    bucket_at: Callable[..., S3Location],
) -> None:
    where = bucket_at()
    S3Bucket(where, []).create(versioned=True)
    destination = filled(S3Store(where))
    take(destination)
    versions = [info.key for info in destination.store.list_versions("telemetry/date=")]
    assert sorted(versions) == sorted(f"telemetry/{file.path}" for file in destination.live())


@pytest.mark.parametrize("versioned", [False, True])
def test_moved_rows_are_in_the_other_store_only(
    bucket_at: Callable[..., S3Location], *, versioned: bool
) -> None:
    stores = []
    for where in (bucket_at(), bucket_at()):
        S3Bucket(where, []).create(versioned=versioned)
        stores.append(S3Store(where))
    destination, aside = filled(stores[0]), Destination(TELEMETRY, EU, stores[1])
    aside.create()
    there = offsets(destination)
    for source, target in ((destination, aside), (aside, destination), (destination, aside)):
        assert move(source, target, OF_ALICE, reason="restrict", clock=lambda: NOW).rows == 1
        assert sorted(offsets(source) + offsets(target)) == there
        assert find(source, OF_ALICE).is_nothing
