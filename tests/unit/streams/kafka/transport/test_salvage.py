import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.record_batches import TIME_MS, Sent, batch, fetched, stamped

from schemas.errors import IntegrityError
from streams.kafka.transport.salvage import salvage

headers = st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=5)), max_size=2)
values = st.lists(st.tuples(st.none() | st.binary(max_size=300), headers), min_size=1, max_size=10)


@given(values, st.integers(0, 2**40), st.sampled_from([0, 1, 2, 3, 4]))
def test_a_batch_is_read_as_aiokafka_reads_it(
    contents: list[tuple[bytes | None, list[tuple[str, bytes | None]]]], base: int, codec: int
) -> None:
    sent = [Sent(i, value, tuple(names)) for i, (value, names) in enumerate(contents)]
    raw = batch(base, sent, codec=codec)
    found = salvage(raw + b"the next batch")
    assert [(r.offset, r.value, tuple(r.headers)) for r in found.records] == [
        (r.offset, r.value, r.headers) for r in fetched(raw, position=base)
    ]
    assert (found.next_offset, found.time_ms) == (base + len(sent), TIME_MS)


def test_a_headers_name_that_is_not_utf_8_costs_nobody_anything() -> None:
    raw = batch(0, [Sent(0, b"one"), Sent(1, b"two", (("yz", b"header"),)), Sent(2, b"three")])
    found = salvage(stamped(raw.replace(b"\x04yz", b"\x04y\xff"), 0, 0))
    assert [one.value for one in found.records] == [b"one", b"two", b"three"]
    assert found.records[1].headers == [("y\N{REPLACEMENT CHARACTER}", b"header")]


def test_a_broken_record_is_without_value_and_its_neighbours_are_not() -> None:
    raw = batch(0, [Sent(0, b"one"), Sent(1, b"two"), Sent(2, b"three")])
    found = salvage(stamped(raw.replace(b"\x06two", b"\x7etwo"), 0, 0))
    assert [one.value for one in found.records] == [b"one", None, b"three"]
    assert [one.offset for one in found.records] == [0, 1, 2]


def test_records_that_cannot_be_told_apart_stop_the_worker() -> None:
    raw = batch(5, [Sent(0, b"one")])
    with pytest.raises(IntegrityError, match="offset 5"):
        salvage(raw[:-12] + b"\xff" * 12)
