import base64
import gzip
import hashlib
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rows import NOW, path_of

from jobs.kafka import KafkaRecord
from jobs.verify.rows.registry import Identifier, Registry, Word, word_of
from jobs.verify.stored.files import latest_hour, read_key
from jobs.verify.stored.footers import search_any
from jobs.verify.stored.leaks import Search
from jobs.verify.stored.listing import Listing, Rules, list_bucket
from jobs.verify.stored.pages import _Thrift as Thrift
from jobs.verify.stored.pages import end_of_pages, is_told_whole, pages
from schemas.lineage import Partition, Position
from schemas.retention import FORTNIGHT
from storage.directory import DirectoryStore
from storage.layout import object_key

SERIAL = "SN-4471-0001-DE"
DATA = object_key("telemetry", path_of(1))
SEARCH = Search([Identifier("device", SERIAL, "smarock")])


@given(st.integers(0, 2**128 - 1))
def test_a_path_that_the_pipeline_writes_is_read_by_the_second_implementation(n: int) -> None:
    path = path_of(n)
    named = read_key(object_key("telemetry", path))
    assert (named.kind, named.date, named.expires) == ("data", path.date, path.expires)
    assert path.expires <= latest_hour(path.date, FORTNIGHT) < path.expires + timedelta(days=1)


@pytest.mark.parametrize("key", ["_held/H-1", f"_preserved/{DATA}"])
def test_bytes_in_an_object_that_is_empty_elsewhere_are_a_violation(
    key: str, tmp_path: Path
) -> None:
    day, store = timedelta(days=1), DirectoryStore(tmp_path)
    rules = Rules(
        at_most=FORTNIGHT,
        log_grace=day,
        upload_age=day,
        tables=frozenset({"telemetry"}),
        kinds=frozenset({"sign", "preserved"}),
    )
    for data, found in ((b"", 0), (b"rows", 1)):
        store.put(key, data)
        listing = list_bucket(Listing("bucket", "eu"), store, None, rules, NOW)
        assert (listing.strays.looked_at, listing.strays.found) == (1, found)


@pytest.mark.parametrize(
    "key", [f"_held/{SERIAL}", "_held/h-1", f"_held/H-{'1' * 19}", f"_preserved/{SERIAL}"]
)
def test_whatever_has_not_the_form_of_a_sign_is_none(key: str) -> None:
    assert not read_key(key).kind


@pytest.mark.parametrize("codec", ["zstd", "snappy", "gzip", "none"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_every_page_is_unpacked_to_what_was_packed(codec: str, version: str) -> None:
    words = [f"word-{number % 50}" for number in range(5000)]
    rows = pa.table({"words": words, "numbers": np.arange(5000)})
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression=codec, data_page_version=version, data_page_size=4096)
    data = sink.getvalue()
    footer = pq.read_metadata(io.BytesIO(data))
    found = b"".join(page.data for page in pages(data, footer) if page.column == "words")
    assert all(word.encode() in found for word in words)
    assert data[end_of_pages(footer) :].endswith(b"PAR1")


def test_a_page_that_is_cut_is_no_silence() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": ["x" * 100] * 100}), sink, compression="zstd")
    data = bytearray(sink.getvalue())
    data[10:30] = bytes(20)
    footer = pq.read_metadata(io.BytesIO(sink.getvalue()))
    with pytest.raises(ValueError, match="page"):
        list(pages(bytes(data), footer))


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_an_identifier_is_found_within_any_bytes(before: bytes, after: bytes) -> None:
    for form in (SERIAL, SERIAL.lower(), SERIAL.replace("-", ":"), SERIAL.encode().hex()):
        assert SEARCH(before + form.encode() + after)


DISGUISES: dict[str, bytes] = {
    "two bytes a letter": SERIAL.encode("utf-16-le"),
    "two bytes a letter, the high one first": SERIAL.encode("utf-16-be"),
    "escaped as in JSON": "".join(f"\\u{ord(letter):04x}" for letter in SERIAL).encode(),
    "escaped as in URLs": SERIAL.replace("-", "%2D").encode(),
    "packed, as a word": base64.b64encode(gzip.compress(f"of {SERIAL}.".encode())),
    "base64 for URLs, without its end": base64.urlsafe_b64encode(SERIAL.encode()).rstrip(b"="),
    "a hash": hashlib.sha256(SERIAL.encode()).hexdigest().encode(),
    "a hash of the folded form": hashlib.sha1(SERIAL.lower().replace("-", "").encode())  # noqa: S324 - what somebody else might do
    .hexdigest()
    .upper()
    .encode(),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_violation_is_found_in_whatever_disguise_an_identifier_goes(disguise: str) -> None:
    form = DISGUISES[disguise]
    assert SEARCH(b'\0\0{"note": "' + form + b'"}\0\0')
    assert SEARCH(gzip.compress(b"12:00 INFO " + form + b" ok"))
    assert not SEARCH(b'{"note": "' + form[: len(form) // 2] + b'"}')


def test_packed_text_that_unpacks_to_very_much_is_searched_at_its_beginning() -> None:
    bomb = gzip.compress(SERIAL.encode() + bytes(100 << 20))
    assert SEARCH(bomb)


def test_a_violation_is_what_lies_between_columns_where_no_footer_tells_of_it() -> None:
    sink = io.BytesIO()
    rows = pa.table({"note": ["a"] * 4})
    pq.write_table(rows, sink, compression="zstd", row_group_size=2)
    whole = pq.read_metadata(io.BytesIO(sink.getvalue()))
    assert is_told_whole(whole)
    hidden = pq.read_metadata(io.BytesIO(without_first_group(sink.getvalue())))
    assert hidden.num_row_groups == 1
    assert not is_told_whole(hidden)


def without_first_group(data: bytes) -> bytes:
    """A file whose footer tells of its second group of rows only.

    source: `parquet.thrift`, FileMetaData: its fourth field is the list of groups.
    """
    size = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - size : -8]
    begin = footer.index(bytes([0x19, 0x2C, 0x19, 0x1C])) + 2  # two groups, each of one column
    reader = Thrift(footer, begin)
    reader.struct()
    cut = footer[: begin - 1] + bytes([0x1C]) + footer[reader.place :]
    return data[: -8 - size] + cut + len(cut).to_bytes(4, "little") + b"PAR1"


@given(st.binary(max_size=400))
def test_bytes_that_hold_no_identifier_are_no_leak(data: bytes) -> None:
    found = {leak for leak in SEARCH(data) if leak.kind == "device"}
    assert not found


def test_a_name_in_a_compressed_page_is_found_and_its_place_is_told() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"note": [f"of {SERIAL}."] * 9}), sink, compression="zstd")
    places = {where for where, _ in search_any(sink.getvalue(), SEARCH)}
    assert "pages of column note" in places


@given(st.integers(0, 2**42))
def test_the_brokers_time_of_a_registration_is_taken_to_the_millisecond(milliseconds: int) -> None:
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    position = Position(Partition("fleet.devices", "AAAA", 0), 3)
    record = KafkaRecord(position, at, key=b"d", value=None, headers=())
    assert word_of(record).time == milliseconds * 1000


def test_a_registration_holds_until_the_next_one_and_a_bad_record_changes_nothing() -> None:
    said = b'{"device":"d-1","vendor":"smarock","model":"X","country":"DE","account":"a"}'
    words = [
        Word(0, 10, b"d-1", said),
        Word(1, 20, b"d-1", b"{"),
        Word(2, 30, b"D1", None),
    ]
    found = Registry.of(words)
    assert found.records == 3
    assert [(one.since, one.until > 30, one.cancelled) for one in found.registered] == [
        (10, False, False),
        (30, True, True),
    ]
