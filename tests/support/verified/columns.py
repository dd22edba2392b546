"""Columns that hold what nobody collects, and fields that are kept out."""

import pyarrow as pa
from support.verified.house import QIHOO, SMAROCK, House, change, files, read
from support.verified.planting import (
    Mischief,
    both,
    by,
    logged,
    newest,
    with_column,
    with_field,
    written,
)
from support.wire import US

from schemas.tables import CLEANING_HISTORY, MAP_TILES, TELEMETRY

ADDRESS = "8c:de:52:01:ab:f0"
CLOSED = both("closed-list")
KEPT_OUT = both("no-network-identifiers")


def a_battery_that_is_not_collected(house: House) -> None:
    change(house, newest(house), of=QIHOO, battery_level=70)


def a_place_on_earth_in_one_old_file(house: House) -> None:
    change(house, files(house, TELEMETRY, US)[0], US, of=QIHOO, latitude=45.5, longitude=-73.5)


def a_column_that_nobody_declared(house: House) -> None:
    with_column(house, newest(house), "volume", 3, pa.int8())


def an_undeclared_column_without_values(house: House) -> None:
    with_column(house, newest(house, CLEANING_HISTORY), "rooms", None, pa.string())


def a_column_of_another_type(house: House) -> None:
    key = newest(house)
    rows = read(house, key)
    kind = rows.schema.field("duration").with_type(pa.string())
    with_field(house, key, kind, rows["duration"].cast(pa.string()))


def a_latitude_in_words(house: House) -> None:
    _in_words(house, "latitude")


def a_number_for_the_firmware(house: House) -> None:
    key = newest(house)
    rows = read(house, key)
    kind = rows.schema.field("firmware").with_type(pa.int64())
    with_field(house, key, kind, pa.chunked_array([pa.array([412] * rows.num_rows)]))


def a_fault_as_a_number(house: House) -> None:
    key = newest(house, MAP_TILES)
    rows = read(house, key)
    kind = rows.schema.field("fault").with_type(pa.int64())
    with_field(house, key, kind, pa.chunked_array([pa.array([1] * rows.num_rows)]))


def _in_words(house: House, name: str) -> None:
    key = newest(house)
    rows = read(house, key)
    kind = rows.schema.field(name).with_type(pa.string())
    with_field(house, key, kind, rows[name].cast(pa.string()))


def a_maker_without_a_policy(house: House) -> None:
    """Registered as it is: only the row says otherwise."""
    change(house, newest(house), of=SMAROCK, vendor="unheard-of")


def a_place_that_is_too_fine(house: House) -> None:
    rows = read(house, newest(house, region=US), US)
    assert rows.num_rows
    change(house, newest(house, region=US), US, of=SMAROCK, latitude=52.5231, longitude=13.4)


def a_sentence_where_a_word_belongs(house: House) -> None:
    change(house, newest(house), of=SMAROCK, firmware="Erika's robot, living room")


def a_robot_under_another_makers_name(house: House) -> None:
    """What its own policy forbids would be let in by the other's."""
    change(
        house,
        newest(house, CLEANING_HISTORY, US),
        US,
        of=SMAROCK,
        vendor=QIHOO,
        battery_start=None,
        battery_end=None,
    )


def a_model_that_is_not_registered(house: House) -> None:
    change(house, newest(house, MAP_TILES), of=QIHOO, model="S10")


def a_networks_name(house: House) -> None:
    with_column(house, newest(house), "wifi_ssid", "home", pa.string())


def a_networks_name_written_otherwise(house: House) -> None:
    with_column(house, newest(house), "Home-SSID", None, pa.string())


def a_networks_password_in_the_metadata(house: House) -> None:
    written(house, newest(house), read(house, newest(house)), wifiPassword="x")


def a_networks_address_as_a_field_of_the_log(house: House) -> None:
    logged(house, {"commitInfo": {"timestamp": 0, "seen": [{"ip": "10.0.0.7"}]}})


def a_cards_address_in_a_footer(house: House) -> None:
    written(house, newest(house), read(house, newest(house)), gateway=ADDRESS)


def a_cards_address_in_the_log(house: House) -> None:
    logged(house, {"commitInfo": {"timestamp": 0, "note": ADDRESS.upper().replace(":", "-")}})


def a_cards_address_in_a_column(house: House) -> None:
    change(house, newest(house), of=SMAROCK, firmware=ADDRESS)


MISCHIEF = (
    Mischief(a_battery_that_is_not_collected, by(QIHOO, "closed-list")),
    Mischief(a_place_on_earth_in_one_old_file, by(QIHOO, "closed-list")),
    Mischief(a_column_that_nobody_declared, CLOSED),
    Mischief(an_undeclared_column_without_values, CLOSED),
    Mischief(a_column_of_another_type, CLOSED),
    Mischief(a_latitude_in_words, CLOSED),
    Mischief(a_number_for_the_firmware, CLOSED),
    Mischief(a_fault_as_a_number, CLOSED),
    Mischief(a_maker_without_a_policy, by(SMAROCK, "collect-device")),
    Mischief(a_place_that_is_too_fine, by(SMAROCK, "collect-location")),
    Mischief(a_sentence_where_a_word_belongs, by(SMAROCK, "collect-device")),
    Mischief(a_robot_under_another_makers_name, by(QIHOO, "collect-association")),
    Mischief(a_model_that_is_not_registered, by(QIHOO, "collect-association")),
    Mischief(a_networks_name, KEPT_OUT),
    Mischief(a_networks_name_written_otherwise, KEPT_OUT),
    Mischief(a_networks_password_in_the_metadata, KEPT_OUT),
    Mischief(a_networks_address_as_a_field_of_the_log, KEPT_OUT),
    Mischief(a_cards_address_in_a_footer, KEPT_OUT),
    Mischief(a_cards_address_in_the_log, KEPT_OUT),
    Mischief(a_cards_address_in_a_column, KEPT_OUT | by(SMAROCK, "collect-device")),
)
