import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.wire import GERMAN, NOW, reading, wire

from schemas.batches import Headers
from schemas.tables import TABLES, TELEMETRY
from streams.stages.decode import FIRST_INGEST, MAX_BYTES, Decoder, Decoding

DECODER = Decoder(TELEMETRY)
MESSAGEPACK = {0: (("content-type", b"application/msgpack"),)}


def ending(value: bytes | dict[str, object] | None) -> list[str]:
    return [one.how for one in DECODER.decode(wire([value])).endings]


@pytest.mark.parametrize(
    ("value", "how"),
    [
        (None, "rejected/the record has no value"),
        (b"", "rejected/the bytes are not the format that they claim to be"),
        (b"\xff\x00", "rejected/the bytes are not the format that they claim to be"),
        (b'{"device":"a\xff"}', "rejected/the bytes are not the format that they claim to be"),
        (b"[" * 9000, "rejected/the record is not an object of fields"),
        (b"[1]", "rejected/the record is not an object of fields"),
        (b'{"x":' * 9000, "rejected/x breaks its contract"),
        (b'{"secret":' * 5000, "rejected/the bytes are not the format that they claim to be"),
        (b" " * (MAX_BYTES + 1), "rejected/the record is larger than 64 KiB"),
        (reading(battery_level=101), "rejected/battery_level breaks its contract"),
        (reading(status="Serial-1"), "rejected/status breaks its contract"),
        (reading(event_time="now"), "rejected/event_time breaks its contract"),
        ({"device": GERMAN, "status": "idle"}, "rejected/event_time is missing"),
        (reading(secret=1, device=""), "rejected/device breaks its contract"),
    ],
)
def test_a_refused_record_says_why_in_a_fixed_phrase(
    value: bytes | dict[str, object] | None, how: str
) -> None:
    assert ending(value) == [how]


@given(st.lists(st.one_of(st.none(), st.binary(max_size=80), st.just(reading())), max_size=30))
def test_one_bad_record_never_harms_its_neighbours(
    values: list[bytes | dict[str, object] | None],
) -> None:
    decoding = DECODER.decode(wire(values, first=7))
    kept = decoding.batch.rows["offset"].to_pylist()
    left = [int(offset) for one in decoding.endings for offset in one.offsets]
    assert sorted(kept + left) == list(range(7, 7 + len(values)))
    assert kept == sorted(kept)
    assert {7 + n for n, value in enumerate(values) if value == reading()} <= set(kept)


records = st.one_of(
    st.none(),
    st.binary(max_size=9),
    st.builds(lambda place: reading(x=place), st.integers(0, 9)),
    st.builds(lambda place: reading(x=place, unheard=1), st.integers(0, 9)),
    st.just(reading(battery_level=101)),
    st.just(b" " * (MAX_BYTES + 1)),
)


headers = st.sampled_from([*MESSAGEPACK.values(), ((FIRST_INGEST, b"1"),)])


@given(
    st.lists(records, max_size=40),
    st.dictionaries(st.integers(0, 39), headers),
    st.integers(1, 9),
)
def test_it_is_all_one_how_many_records_are_decoded_at_once(
    values: list[bytes | dict[str, object] | None], found: dict[int, Headers], block: int
) -> None:
    batch = wire(values, first=7, headers={i: one for i, one in found.items() if i < len(values)})
    whole, parts = DECODER.decode(batch), Decoder(TELEMETRY, block=block).decode(batch)
    assert parts.batch.rows.to_pylist() == whole.batch.rows.to_pylist()
    assert ended(parts) == ended(whole)
    assert parts.unknown_fields == whole.unknown_fields


def ended(decoding: Decoding) -> dict[str, list[int]]:
    return {one.how: one.offsets.tolist() for one in decoding.endings}


@given(st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8), max_size=5))
def test_unknown_fields_are_dropped_counted_and_never_named(extra: dict[str, object]) -> None:
    known = set(TELEMETRY.wire.__struct_fields__) if TELEMETRY.wire else set()
    unknown = {name: value for name, value in extra.items() if name not in known}
    decoding = DECODER.decode(wire([{**unknown, **reading()}]))
    assert decoding.unknown_fields == len(unknown)
    assert decoding.batch.rows.schema.names == DECODER.decode(wire([])).batch.rows.schema.names


def test_json_and_messagepack_give_the_same_row() -> None:
    value = reading(x=1.5, y=-2.25, battery_level=7)
    packed = DECODER.decode(wire([msgspec.msgpack.encode(value)], headers=MESSAGEPACK))
    assert packed.batch.rows.equals(DECODER.decode(wire([value])).batch.rows)


def test_messagepack_that_claims_to_be_json_is_rejected() -> None:
    assert ending(msgspec.msgpack.encode(reading())) != []


@pytest.mark.parametrize("x", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_none_is_rejected(x: float) -> None:
    value = msgspec.msgpack.encode(reading(x=x, y=1.0))
    decoding = DECODER.decode(wire([value], headers=MESSAGEPACK))
    assert [one.how for one in decoding.endings] == ["rejected/x breaks its contract"]


@pytest.mark.parametrize(
    ("header", "first"), [(NOW - 5, NOW - 5), (NOW + 5, NOW), (b"soon", NOW), (b"9" * 30, NOW)]
)
def test_a_replayed_record_carries_its_first_ingest_time_which_is_never_later(
    header: int | bytes, first: int
) -> None:
    text = header if isinstance(header, bytes) else str(header).encode()
    decoding = DECODER.decode(wire([reading()], headers={0: ((FIRST_INGEST, text),)}))
    assert decoding.batch.rows["first_ingest_time"].to_pylist() == [first]
    assert decoding.batch.rows["ingest_time"].to_pylist() == [NOW]


def test_the_dead_letters_have_no_decoder() -> None:
    with pytest.raises(ValueError, match="no robot sends this table"):
        Decoder(TABLES["dead_letters"])
