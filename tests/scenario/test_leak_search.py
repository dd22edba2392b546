"""The search for leaks finds one that is planted, in each kind of place and in each form."""

import base64
import io
import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.evidence.leaks import Search
from support.rows import rows_of

from schemas.tables import TELEMETRY
from storage.parquet import encode

MAC, SERIAL, ADDRESS, PLAIN = "0a:4c:9d:e1:77:b3", "SN-7f3a.91C2", "203.0.113.77", "482913750164"
SEARCH = Search([MAC, SERIAL, ADDRESS, PLAIN])
FORMS = {
    "as sent": SERIAL,
    "in other case": SERIAL.upper(),
    "without separators": "sn7f3a91c2",
    "with other separators": "sn_7f3a 91c2",
    "in hexadecimal": SERIAL.encode().hex(),
    "folded, then in hexadecimal": b"sn7f3a91c2".hex().upper(),
    "in base64": base64.b64encode(SERIAL.encode()).decode(),
    "in the base64 of more": base64.b64encode(b"xy" + SERIAL.encode() + b"z").decode(),
    "in the base64 of still more": base64.b64encode(b"x" + SERIAL.encode() + b"zz").decode(),
    "in base64 for URLs": base64.urlsafe_b64encode(SERIAL.encode()).decode(),
    "an address as a number": str(0xCB00714D),
    "a MAC as a number": str(0x0A4C9DE177B3),
}


def _file(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", **options)
    return sink.getvalue()


def _rows(**columns: Sequence[object]) -> bytes:
    return _file(pa.table(columns))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found_in_a_log_and_in_a_column(form: str) -> None:
    text = FORMS[form]
    assert SEARCH.in_bytes("a log", f"12:00 INFO worker: went on with {text}, ok".encode())
    assert SEARCH.in_bytes("an entry", json.dumps({"add": {"stats": text}}).encode())
    assert SEARCH.in_bytes("an object key", f"telemetry/date=2026-11-21/{text}.parquet".encode())
    assert SEARCH.in_parquet("a file", _rows(status=["docked", f"so {text}.", "idle"]))


PLANTED = {
    "a value": _rows(device=[SERIAL] * 10),
    "a binary value": _rows(cells=[b"\0" * 40 + MAC.encode()]),
    "a binary value that is a number": _rows(cells=[bytes.fromhex(MAC.replace(":", ""))]),
    "a number": _rows(version=[1, 0x0A4C9DE177B3]),
    "a number of digits": _rows(version=[int(PLAIN)]),
    "a nested value": _rows(add=[{"path": "x", "stats": {"min": SERIAL}}]),
    "a column without statistics": _file(pa.table({"x": [SERIAL]}), write_statistics=False),
    "a value that is no dictionary's": _file(pa.table({"x": [SERIAL]}), use_dictionary=False),
    "a column's name": _rows(**{MAC: [1]}),
    "a file's metadata": _file(pa.table({"x": [1]}).replace_schema_metadata({"note": SERIAL})),
    "a field's metadata": _file(
        pa.table(
            [pa.array([1])], schema=pa.schema([pa.field("x", pa.int64(), metadata={"n": MAC})])
        )
    ),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_leak_is_found_in_every_part_of_a_parquet_file(kind: str) -> None:
    assert SEARCH.in_parquet("a file", PLANTED[kind])


def test_statistics_tell_what_a_file_holds() -> None:
    leaks = SEARCH.in_parquet("a file", _rows(device=[SERIAL, "zz"]))
    assert any("statistics" in leak.place for leak in leaks)


def test_a_file_as_it_is_stored_has_none() -> None:
    assert SEARCH.in_parquet("a file", encode(rows_of(TELEMETRY, 500), TELEMETRY)) == []


def test_a_plain_search_of_compressed_pages_would_find_nothing() -> None:
    many = [f"{SERIAL} {number:06}" for number in range(2_000)]
    file = _file(pa.table({"x": many}), write_statistics=False, use_dictionary=False)
    assert SERIAL.encode() not in file.replace(f"{SERIAL} 000000".encode(), b"")
    assert SEARCH.in_parquet("a file", file)


def test_a_name_so_short_that_chance_finds_it_is_refused() -> None:
    with pytest.raises(ValueError, match="by chance"):
        Search(["abc"])
