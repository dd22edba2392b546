from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.record_batches import TIME_MS, Sent, batch, fetched, marker, stamped

from schemas.batches import WireBatch
from schemas.errors import IntegrityError
from schemas.lineage import Partition
from streams.kafka.transport.chunks import Limits, UnreadableBatchError, drain

PARTITION = Partition("fleet.telemetry", "an-id", 0)
NO_LIMITS = Limits(records=10**9, byte_size=10**9)

headers = st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=5)), max_size=2)
sent = st.builds(Sent, st.just(0), st.none() | st.binary(max_size=20), headers.map(tuple))


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[bytes], list[tuple[int, int]]]:
    """Batches with gaps within and between them, some of aborted or committed transactions."""
    raw: list[bytes] = []
    aborted, offset = [], draw(st.integers(0, 5))
    for _ in range(draw(st.integers(1, 6))):
        gaps = draw(st.lists(st.integers(0, 2), min_size=1, max_size=6))
        deltas = [sum(gaps[: i + 1]) + i for i in range(len(gaps))]
        records = [replace(draw(sent), delta=delta) for delta in deltas]
        producer = draw(st.sampled_from([-1, -1, 7, 8]))
        raw.append(
            batch(offset, records, codec=draw(st.sampled_from([0, 1, 3])), producer=producer)
        )
        if producer >= 0 and not (commit := draw(st.booleans())):
            aborted.append((producer, offset))
        offset += deltas[-1] + 1
        if producer >= 0:
            raw.append(marker(offset, producer, commit=commit))
            offset += 1
        offset += draw(st.integers(0, 2))
    return raw, aborted


def rows(chunk: WireBatch) -> list[tuple[int, int, bytes | None, tuple[tuple[str, bytes], ...]]]:
    return [
        (int(offset), int(time), value, chunk.headers.get(i, ()))
        for i, (offset, time, value) in enumerate(
            zip(chunk.offsets, chunk.ingest_times, chunk.values, strict=True)
        )
    ]


@given(logs(), st.integers(0, 20), st.integers(1, 8))
def test_chunks_hold_what_aiokafka_would_hand_out_record_by_record(
    log: tuple[list[bytes], list[tuple[int, int]]], position: int, size: int
) -> None:
    raw, aborted = log
    theirs = fetched(*raw, position=position, aborted=aborted)
    expected = [
        (r.offset, r.timestamp * 1_000, r.value, tuple((k, v or b"") for k, v in r.headers))
        for r in theirs
    ]
    ours = fetched(*raw, position=position, aborted=aborted)
    chunks = []
    while ours._records.has_next():  # noqa: SLF001 - as the consumer's thread asks
        chunks.append(drain(ours, PARTITION, Limits(records=size)))
    assert [row for chunk in chunks for row in rows(chunk)] == expected
    edges = [position, *(chunk.next_offset for chunk in chunks)]
    assert [chunk.first for chunk in chunks] == edges[:-1]
    assert ours.next_fetch_offset == theirs.next_fetch_offset == edges[-1]


def test_all_records_of_a_batch_have_the_brokers_time() -> None:
    chunk = drain(fetched(batch(0, [Sent(0), Sent(1)])), PARTITION, NO_LIMITS)
    assert chunk.ingest_times.tolist() == [TIME_MS * 1_000] * 2


def test_an_aborted_transaction_is_an_empty_chunk_that_moves_on() -> None:
    log = fetched(
        batch(10, [Sent(0), Sent(1)], producer=7),
        marker(12, 7, commit=False),
        position=10,
        aborted=[(7, 10)],
    )
    chunk = drain(log, PARTITION, NO_LIMITS)
    assert (len(chunk), chunk.first, chunk.next_offset) == (0, 10, 13)


def test_a_chunk_is_full_by_bytes_too() -> None:
    log = fetched(*(batch(i, [Sent(0, b"x" * 100)]) for i in range(10)))
    assert len(drain(log, PARTITION, Limits(byte_size=250))) == 3


def test_a_wrong_checksum_stops_the_worker() -> None:
    raw = bytearray(batch(0, [Sent(0, b"value")]))
    raw[-3] ^= 1
    with pytest.raises(IntegrityError, match=r"fleet\.telemetry:0@0"):
        drain(fetched(bytes(raw)), PARTITION, NO_LIMITS)


def test_producers_time_stops_the_worker() -> None:
    with pytest.raises(IntegrityError, match="producer"):
        drain(fetched(batch(0, [Sent(0)], attributes=0)), PARTITION, NO_LIMITS)


def test_what_comes_before_an_unreadable_batch_is_not_lost() -> None:
    bad = batch(3, [Sent(0, b"fine"), Sent(1, b"poison", (("\N{LATIN SMALL LETTER Y}z", b"1"),))])
    bad = stamped(bad.replace(b"\x04yz", b"\x04\xff\xfe"), 3, 0)
    log = fetched(batch(0, [Sent(0), Sent(1), Sent(2)]), bad, batch(5, [Sent(0)]))
    with pytest.raises(UnreadableBatchError) as caught:
        drain(log, PARTITION, NO_LIMITS)
    assert caught.value.before.offsets.tolist() == [0, 1, 2]
    assert caught.value.before.next_offset == 3
    assert "poison" not in str(caught.value)
