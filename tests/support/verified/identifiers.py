"""What names a robot or an account, where only pseudonyms may be."""

import base64
import gzip
import hashlib
import io

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from support.verified.house import (
    AMERICAN,
    CANADIAN,
    FRENCH,
    GERMAN,
    QIHOO,
    SMAROCK,
    House,
    change,
    read,
)
from support.verified.planting import (
    Mischief,
    both,
    by,
    logged,
    named,
    newest,
    with_column,
    with_field,
    written,
)

from schemas.tables import CLEANING_HISTORY, MAP_TILES

SMAROCKS, QIHOOS = by(SMAROCK, "collect-device"), by(QIHOO, "collect-association")


def a_name_of_its_own_as_the_device(house: House) -> None:
    change(house, newest(house), of=QIHOO, device="unhashed-4711")


def a_serial_number_in_a_column(house: House) -> None:
    change(house, newest(house), of=SMAROCK, firmware=GERMAN.serial)


def a_serial_number_in_other_letters(house: House) -> None:
    change(house, newest(house), of=SMAROCK, firmware=GERMAN.serial.lower().replace("-", "."))


def an_account_in_a_column(house: House) -> None:
    change(house, newest(house), of=SMAROCK, firmware=GERMAN.account)


def a_serial_number_in_hexadecimal(house: House) -> None:
    change(house, newest(house), of=SMAROCK, firmware=GERMAN.serial.encode().hex()[:32])


def a_serial_number_that_only_a_dictionary_has(house: House) -> None:
    """No row has it, so no reader shows it: it lies in a page."""
    key = newest(house)
    rows = read(house, key)
    place = rows.schema.get_field_index("firmware")
    codes = pa.array([0] * rows.num_rows, pa.int32())
    words = pa.DictionaryArray.from_arrays(codes, pa.array(["4.1.2", GERMAN.serial]))
    shown = rows.set_column(place, rows.schema.field(place).with_type(words.type), words)
    plain = base64.b64encode(rows.schema.serialize().to_pybytes()).decode()
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, shown.schema, compression="zstd", store_schema=False) as writer:
        writer.write_table(shown)
        writer.add_key_value_metadata({"ARROW:schema": plain})
    house.store().put(key, sink.getvalue())


def a_serial_number_in_statistics(house: House) -> None:
    """In a column that is kept out, which says the more of it in the footer."""
    with_column(house, newest(house), "wifi_ssid", FRENCH.serial, pa.string())


def a_serial_number_in_a_footer(house: House) -> None:
    written(house, newest(house), read(house, newest(house)), origin=AMERICAN.serial)


def base64_in_a_footer(house: House) -> None:
    hidden = base64.b64encode(b"from " + FRENCH.serial.encode() + b" today").decode()
    written(house, newest(house), read(house, newest(house)), checksum=hidden)


def a_serial_number_in_a_fields_metadata(house: House) -> None:
    key = newest(house)
    rows = read(house, key)
    field = rows.schema.field("model")
    said = {**(field.metadata or {}), b"example": AMERICAN.serial.encode()}
    with_field(house, key, field.with_metadata(said), rows["model"])


def a_serial_number_in_an_objects_name(house: House) -> None:
    house.store().put(f"_checks/{GERMAN.serial}", b"")


def a_serial_number_as_the_name_of_a_hold(house: House) -> None:
    """Which has not the form of one."""
    house.store().put(f"_held/{GERMAN.serial}", b"")


def a_serial_number_in_a_log_entry(house: House) -> None:
    logged(house, {"commitInfo": {"timestamp": 0, "note": f"fixed {GERMAN.serial}"}})


def a_serial_number_as_a_number_in_a_log_entry(house: House) -> None:
    logged(
        house, {"commitInfo": {"timestamp": 0, "seen": int(CANADIAN.serial.replace("-", ""), 16)}}
    )


def a_canarys_password_within_a_text(house: House) -> None:
    """Of a canary of a region that is not even served: nobody's, so it may be told."""
    logged(house, {"commitInfo": {"timestamp": 0, "note": "seen:canary-password-cn-smarock;"}})


def a_serial_number_in_a_checkpoint(house: House) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"add": [GERMAN.serial]}), sink)
    place = f"telemetry/_delta_log/{1:020}.checkpoint.parquet"
    house.store().put(place, sink.getvalue())


def a_hash_of_a_serial_number_as_a_session(house: House) -> None:
    """It looks like a pseudonym, and whoever has a list of serial numbers can look it up."""
    known = hashlib.md5(GERMAN.serial.encode(), usedforsecurity=False).hexdigest()
    change(house, newest(house), of=SMAROCK, session=f"k1:{known}")


def a_serial_number_in_a_packed_log(house: House) -> None:
    packed = gzip.compress(f"robot {FRENCH.serial} was here".encode())
    house.store().put("telemetry/_delta_log/.tmp/log.gz", packed)


def bounds_of_pseudonyms_in_the_log(house: House) -> None:
    name = named(GERMAN.serial, house)
    bounds = {"minValues": {"device": name}, "maxValues": {"device": name}}
    logged(house, {"add": {"path": "x", "stats": msgspec.json.encode(bounds).decode()}})


def a_device_that_nobody_registered(house: House) -> None:
    name = named("somebody else", house)
    change(house, newest(house, CLEANING_HISTORY), of=SMAROCK, device=name)


def a_session_in_the_clear(house: House) -> None:
    change(house, newest(house), of=SMAROCK, session="evening-tour")


def a_pseudonym_of_another_key(house: House) -> None:
    change(house, newest(house, MAP_TILES), of=SMAROCK, map="k7:" + "ab" * 16)


def a_pseudonym_in_capitals(house: House) -> None:
    name = named(FRENCH.serial, house)
    change(house, newest(house, CLEANING_HISTORY), of=QIHOO, session=name.upper())


MISCHIEF = (
    Mischief(a_name_of_its_own_as_the_device, QIHOOS),
    Mischief(a_serial_number_in_a_column, SMAROCKS),
    Mischief(a_serial_number_in_other_letters, SMAROCKS),
    Mischief(an_account_in_a_column, by(SMAROCK, "collect-account")),
    Mischief(a_serial_number_in_hexadecimal, SMAROCKS),
    Mischief(a_serial_number_that_only_a_dictionary_has, SMAROCKS),
    Mischief(a_serial_number_in_statistics, QIHOOS | both("no-network-identifiers")),
    Mischief(a_serial_number_in_a_footer, SMAROCKS),
    Mischief(base64_in_a_footer, QIHOOS),
    Mischief(a_serial_number_in_a_fields_metadata, SMAROCKS),
    Mischief(a_serial_number_in_an_objects_name, SMAROCKS),
    Mischief(a_serial_number_as_the_name_of_a_hold, SMAROCKS | both("fortnight", "two-weeks")),
    Mischief(a_serial_number_in_a_log_entry, SMAROCKS),
    Mischief(a_serial_number_as_a_number_in_a_log_entry, QIHOOS),
    Mischief(a_canarys_password_within_a_text, SMAROCKS),
    Mischief(a_serial_number_in_a_checkpoint, SMAROCKS),
    Mischief(a_hash_of_a_serial_number_as_a_session, SMAROCKS),
    Mischief(a_serial_number_in_a_packed_log, QIHOOS),
    Mischief(bounds_of_pseudonyms_in_the_log, SMAROCKS | QIHOOS),
    Mischief(a_device_that_nobody_registered, SMAROCKS),
    Mischief(a_session_in_the_clear, by(SMAROCK, "collect-use")),
    Mischief(a_pseudonym_of_another_key, by(SMAROCK, "collect-faults")),
    Mischief(a_pseudonym_in_capitals, by(QIHOO, "collect-features")),
)
