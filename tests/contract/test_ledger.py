from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.lossy import lossy_way

from jobs.demo.object_store import S3Server
from schemas.acts import Act, Caller, Ground
from schemas.errors import IntegrityError, RetryableError, StoreUnavailableError
from schemas.ledger_keys import LedgerKey
from schemas.regions import Region
from storage.directory import DirectoryStore
from storage.ledger import FOLDER, Ledger
from storage.s3 import S3Bucket, S3Location, S3Store
from storage.store import ObjectStore

EU = Region("eu")
KEY = LedgerKey.generate(EU)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ALICE = Caller("os", "alice@desk")


@pytest.fixture
def anchors(tmp_path: Path) -> ObjectStore:
    return DirectoryStore(tmp_path / "anchors")


def ledger(store: ObjectStore, anchors: ObjectStore) -> Ledger:
    return Ledger(EU, store, anchors, KEY.signing.public_key())


def act(i: int = 0) -> Act:
    return Act(name="keys rotate", by=ALICE, why=Ground.SCHEDULE, changed={"keys": i})


def keys(store: ObjectStore) -> list[str]:
    return [info.key for info in store.list(f"{FOLDER}/")]


def test_what_was_written_is_read_back_in_order(store: ObjectStore, anchors: ObjectStore) -> None:
    book = ledger(store, anchors)
    assert book.entries() == []
    written = [book.append(act(i), KEY, NOW + timedelta(days=i)).entry for i in range(3)]
    assert ledger(store, anchors).entries() == written
    assert [entry.act for entry in written] == [act(0), act(1), act(2)]
    proof = book.prove()
    assert (proof.verdict.anchored, proof.verdict.unanchored) == (2, 0)
    assert proof.anchor_time


def test_of_writers_at_once_none_is_lost_and_the_chain_does_not_fork(
    store: ObjectStore, anchors: ObjectStore
) -> None:
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(ledger(store, anchors).append, act(i), KEY, NOW) for i in range(18)]
    numbers = sorted(job.result().entry.number for job in jobs)
    assert numbers == list(range(18))
    verdict = ledger(store, anchors).prove().verdict
    assert verdict.findings == ()
    assert sorted(entry.act.changed["keys"] for entry in verdict.entries) == list(range(18))
    assert verdict.anchored == 17


def test_nothing_is_written_behind_a_cut_or_a_changed_anchored_entry(
    store: ObjectStore, anchors: ObjectStore
) -> None:
    book = ledger(store, anchors)
    for i in range(3):
        book.append(act(i), KEY, NOW)
    last = keys(store)[-1]
    kept = store.get(last)
    store.delete([last], every_version=True)
    with pytest.raises(IntegrityError, match="entry 2 is anchored, and is gone"):
        book.append(act(3), KEY, NOW)
    store.put(last, kept.replace(b'"keys":2', b'"keys":9'))
    with pytest.raises(IntegrityError, match="entry 2 is not the one that was anchored"):
        book.append(act(3), KEY, NOW)
    store.put(last, kept)
    assert book.append(act(3), KEY, NOW).entry.number == 3


def test_an_anchor_is_never_replaced(store: ObjectStore, anchors: ObjectStore) -> None:
    book = ledger(store, anchors)
    book.append(act(0), KEY, NOW)
    (before,) = anchors.list()
    (entry,) = keys(store)
    kept = store.get(entry)
    assert book.anchor(KEY) == 0
    store.delete([entry], every_version=True)
    ledger(store, DirectoryStore(Path(anchors.url) / "others")).append(act(1), KEY, NOW)
    assert store.get(entry) != kept
    with pytest.raises(IntegrityError, match="not the one that was anchored"):
        book.anchor(KEY)
    assert [*anchors.list(EU)] == [before]


class Away(DirectoryStore):
    """A store that does not answer while somebody says so."""

    away = False

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        if self.away:
            raise StoreUnavailableError(key)
        return super().put(key, data, only_if_absent=only_if_absent)


def test_while_the_other_store_is_away_entries_are_written_and_said_to_be_unanchored(
    store: ObjectStore, tmp_path: Path
) -> None:
    anchors = Away(tmp_path)
    book = ledger(store, anchors)
    assert book.append(act(0), KEY, NOW).anchored
    anchors.away = True
    assert not book.append(act(1), KEY, NOW).anchored
    assert (book.prove().verdict.anchored, book.prove().verdict.unanchored) == (0, 1)
    anchors.away = False
    assert book.anchor(KEY) == 1
    assert book.prove().verdict.unanchored == 0


def test_while_the_ledgers_store_is_away_nothing_is_written(
    tmp_path: Path, anchors: ObjectStore
) -> None:
    store = Away(tmp_path / "store")
    store.away = True
    with pytest.raises(RetryableError):
        ledger(store, anchors).append(act(), KEY, NOW)
    assert keys(store) == []


@pytest.mark.parametrize("times", [1, 3])
def test_an_entry_whose_answer_was_lost_is_there_once(
    s3: S3Server, bucket_at: Callable[..., S3Location], anchors: ObjectStore, times: int
) -> None:
    where = bucket_at()
    S3Bucket(where, []).create()
    with lossy_way(s3.url) as way:
        far = ledger(S3Store(replace(where, endpoint=way.url)), anchors)
        way.lose(times, part_of_key=FOLDER)
        assert far.append(act(1), KEY, NOW).entry.number == 0
        assert way.lost
    assert [entry.act for entry in ledger(S3Store(where), anchors).entries()] == [act(1)]
