"""Rows that their subject's home, yes, owner or request forbids."""

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from support.verified.house import (
    AMERICAN,
    CANADIAN,
    FRENCH,
    GERMAN,
    HOMELESS,
    NOW,
    QIHOO,
    SILENT,
    SMAROCK,
    UNBOUND,
    House,
    Robot,
    change,
    files,
    read,
    write,
)
from support.verified.planting import Mischief, by, copied, named, newest
from support.wire import EU, US

from schemas.retention import microseconds
from schemas.settings import RegionSettings
from schemas.tables import CLEANING_HISTORY, MAP_TILES, TELEMETRY, Table
from storage.directory import DirectoryStore
from storage.tiles import compacted, decode_tiles

Said = tuple[bytes, bytes | None, datetime]


def _told(robot: Robot, at: datetime, **changed: object) -> Said:
    """A registration of a robot that says something else, as of then."""
    model = {"model": "X2"} if robot is GERMAN else {}
    return robot.word(at, **{**model, **changed})


def _yes_to(*items: str) -> list[dict[str, object]]:
    return [{"name": item, "granted": True, "since": 0} for item in items]


def _mark(robot: Robot, at: datetime, **said: object) -> Said:
    value = msgspec.json.encode({"device": robot.serial, **said})
    return b"mark/" + robot.serial.encode(), value, at


# Regions


def european_rows_in_america(house: House) -> None:
    copied(house, TELEMETRY, US, of=SMAROCK)


def european_rows_that_say_they_are_american(house: House) -> None:
    copied(house, CLEANING_HISTORY, US, of=QIHOO, country="US")


def rows_under_the_right_key_and_of_the_wrong_home(house: House) -> None:
    """The name is one that this region gives, the country one of it: the registration is not."""
    name = named(GERMAN.serial, house, US)
    key = newest(house, CLEANING_HISTORY, US)
    change(house, key, US, of=SMAROCK, device=name, model="X2", country="DE")


def american_rows_in_frankfurt(house: House) -> None:
    copied(house, CLEANING_HISTORY, EU, of=QIHOO)


# Consent


def readings_without_a_yes(house: House) -> House:
    no = _yes_to("maps", "history", "location")
    return house.with_words(_told(AMERICAN, NOW - timedelta(days=5), consents=no))


def readings_of_somebody_who_never_said_yes(house: House) -> None:
    change(house, newest(house), of=QIHOO, device=named(SILENT.serial, house), country="DE")


def maps_without_a_yes(house: House) -> House:
    no = _yes_to("telemetry", "history", "location")
    return house.with_words(_told(FRENCH, NOW - timedelta(hours=6), consents=no))


def a_yes_and_a_no_at_once(house: House) -> House:
    said = [*_yes_to("telemetry", "maps", "location", "history")]
    said.append({"name": "maps", "granted": False, "since": 1})
    return house.with_words(_told(AMERICAN, NOW - timedelta(days=2), consents=said))


def cleanings_without_a_yes(house: House) -> House:
    no = _yes_to("telemetry", "maps")
    return house.with_words(_told(CANADIAN, NOW - timedelta(days=2), consents=no))


def cleanings_that_came_just_after_a_no(house: House) -> House:
    """A millisecond before the last of them came."""
    at = NOW - timedelta(minutes=90, milliseconds=1)
    no = _yes_to("telemetry", "maps", "location")
    return house.with_words(_told(AMERICAN, at, consents=no))


def a_place_without_a_yes(house: House) -> None:
    _of_homeless(house, latitude=52.5, longitude=13.4)


def half_a_place_without_a_yes(house: House) -> None:
    _of_homeless(house, longitude=13.4)


def _of_homeless(house: House, **values: object) -> None:
    key, name = newest(house), named(HOMELESS.serial, house)
    rows = read(house, key)
    for column, value in values.items():
        place = rows.schema.get_field_index(column)
        mine = pc.equal(rows["device"], name)
        field = rows.schema.field(place)
        rows = rows.set_column(place, field, pc.if_else(mine, value, rows[column]).cast(field.type))
    write(house, key, rows)


# Binding


def rows_of_a_robot_that_was_not_bound(house: House) -> None:
    key = newest(house, CLEANING_HISTORY, US)
    change(house, key, US, of=SMAROCK, device=named(UNBOUND.serial, house, US))


def rows_of_a_former_owner(house: House) -> House:
    """Bound anew an hour before they came, and they happened two hours before that."""
    rows = read(house, newest(house, CLEANING_HISTORY))
    assert rows.num_rows
    bound = microseconds(NOW - timedelta(hours=4))
    at = NOW - timedelta(hours=5, seconds=1)
    return house.with_words(_told(GERMAN, at, bound_since=bound))


# Maps


def a_tile_without_a_fault(house: House) -> None:
    change(house, newest(house, MAP_TILES), of=SMAROCK, fault=None)


def a_tile_whose_fault_is_none(house: House) -> None:
    change(house, newest(house, MAP_TILES, US), US, of=SMAROCK, fault="none")


def a_tile_that_shows_rooms(house: House) -> None:
    change(house, newest(house, MAP_TILES), of=SMAROCK, cells=bytes([0, 1, 2, 4] * 1024))


def a_tile_that_shows_one_cell_of_the_way(house: House) -> None:
    cells = bytes(4095) + b"\x03"
    change(house, newest(house, MAP_TILES, US), US, of=SMAROCK, cells=cells)


def a_compacted_tile_that_shows_rooms(house: House) -> None:
    """In a form that no engine reads."""
    key = newest(house, MAP_TILES)
    change(house, key, of=SMAROCK, cells=bytes([0, 1, 2, 9] * 1024))
    rows = read(house, key)
    cells = compacted.encode_rows(rows, decode_tiles(rows))
    coded = pa.array([compacted.ENCODING] * rows.num_rows)
    for name, values in (("cells", cells), ("encoding", coded)):
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(place), values)
    write(house, key, rows)


def faults_that_no_reading_tells_of(house: House) -> None:
    """Somebody writes a fault on everything."""
    for key in files(house, TELEMETRY):
        change(house, key, of=SMAROCK, fault_kind="none", x=None, y=None)


def tiles_as_many_as_readings(house: House) -> None:
    key = newest(house, MAP_TILES)
    rows = read(house, key)
    mine = rows.filter(pc.equal(rows["vendor"], SMAROCK))
    write(house, key, pa.concat_tables([rows, *[mine] * 12]))


def a_way_without_a_fault(house: House) -> None:
    change(house, newest(house), of=SMAROCK, x=1.5, y=2.5)


def half_a_way_without_a_fault(house: House) -> None:
    change(house, newest(house, region=US), US, of=SMAROCK, y=0.0)


# What officers said


def rows_of_a_restricted_robot(house: House) -> House:
    return house.with_words(_mark(CANADIAN, NOW - timedelta(hours=30), restricted=True))


def new_rows_of_a_restricted_robot(house: House) -> House:
    """Marked a little before: there was no time yet to put its older rows aside."""
    return house.with_words(_mark(FRENCH, NOW - timedelta(hours=6), restricted=True))


def rows_put_aside_of_somebody_who_is_not_restricted(house: House) -> House:
    key = newest(house, CLEANING_HISTORY)
    rows = read(house, key)
    write(house, key, rows.filter(pc.equal(rows["device"], named(FRENCH.serial, house))))
    data = house.store().get(key)
    write(house, key, rows)
    apart = house.folder / "apart"
    DirectoryStore(apart).put(key, data)
    place = RegionSettings(EU, f"file:{apart}", "eu-central-1")
    return replace(house, settings=replace(house.settings, restricted=(place,)))


def rows_of_somebody_who_objected(house: House) -> House:
    return house.with_words(_mark(CANADIAN, NOW - timedelta(days=1), stopped=True))


def an_erased_subject_that_came_back(house: House) -> House:
    erased = microseconds(NOW - timedelta(days=20))
    return house.with_words(_mark(AMERICAN, NOW - timedelta(days=5), erased=erased))


def an_erased_subject_that_stayed(house: House) -> House:
    erased = microseconds(NOW - timedelta(days=3))
    anew = microseconds(NOW - timedelta(hours=47))
    bound = _told(GERMAN, NOW - timedelta(hours=40), bound_since=anew)
    return house.with_words(_mark(GERMAN, NOW - timedelta(days=3), erased=erased), bound)


def an_erased_subject_that_only_its_watch_entry_knows(house: House) -> None:
    """Nobody marks it any more, and its registration is as it was."""
    house.watch(GERMAN, up_to=NOW - timedelta(days=2))


def one_reading_of_the_last_moment_before_an_erasure(house: House) -> None:
    """Of several robots of an erased subject one reading came back, and newer ones may be there."""
    name = named(AMERICAN.serial, house, US)
    last = pc.max(read(house, files(house, TELEMETRY, US)[0], US)["event_time"]).as_py()
    for table in (TELEMETRY, MAP_TILES, CLEANING_HISTORY):
        key = files(house, table, US)[0]
        rows = read(house, key, US)
        others = pc.not_equal(rows["device"], name)
        write(house, key, rows.filter(pc.or_(others, pc.equal(rows["event_time"], last))), US)
    house.watch(UNBOUND, AMERICAN, up_to=last, region=US)


def maps_whose_yes_was_taken_back(house: House) -> House:
    """Nothing came since: what came before is still there."""
    no = _yes_to("telemetry", "history", "location")
    told = house.with_words(_told(FRENCH, NOW - timedelta(hours=26), consents=no))
    _without(told, FRENCH, MAP_TILES)
    return told


def rows_of_the_owner_before(house: House) -> House:
    """Nothing came since: what came before is still there."""
    bound = microseconds(NOW - timedelta(hours=30))
    return house.with_words(_told(GERMAN, NOW - timedelta(hours=26), bound_since=bound))


def old_rows_of_a_closed_account(house: House) -> House:
    """Nothing came since: what came before is still there."""
    told = house.with_words((FRENCH.serial.encode(), None, NOW - timedelta(hours=26)))
    for table in (TELEMETRY, MAP_TILES, CLEANING_HISTORY):
        _without(told, FRENCH, table)
    return told


def _without(house: House, robot: Robot, table: Table) -> None:
    """Take a robot's rows out of the two newest files, those that came in the last day."""
    for key in files(house, table)[-2:]:
        rows = read(house, key)
        write(house, key, rows.filter(pc.not_equal(rows["device"], named(robot.serial, house))))


def rows_of_an_account_that_was_closed(house: House) -> House:
    return house.with_words((AMERICAN.serial.encode(), None, NOW - timedelta(hours=6)))


def rows_of_an_account_that_was_closed_in_france(house: House) -> House:
    return house.with_words((FRENCH.serial.lower().encode(), None, NOW - timedelta(days=1)))


MISCHIEF = (
    Mischief(european_rows_in_america, by(SMAROCK, "local-law")),
    Mischief(european_rows_that_say_they_are_american, by(QIHOO, "frankfurt")),
    Mischief(rows_under_the_right_key_and_of_the_wrong_home, by(SMAROCK, "local-law")),
    Mischief(american_rows_in_frankfurt, by(QIHOO, "frankfurt")),
    Mischief(readings_without_a_yes, by(SMAROCK, "consent-telemetry")),
    Mischief(readings_of_somebody_who_never_said_yes, by(QIHOO, "consent-telemetry")),
    Mischief(maps_without_a_yes, by(QIHOO, "consent-maps")),
    Mischief(a_yes_and_a_no_at_once, by(SMAROCK, "consent-maps")),
    Mischief(cleanings_without_a_yes, by(QIHOO, "consent-history")),
    Mischief(cleanings_that_came_just_after_a_no, by(SMAROCK, "consent-history")),
    Mischief(a_place_without_a_yes, by(SMAROCK, "consent-location")),
    Mischief(half_a_place_without_a_yes, by(SMAROCK, "consent-location")),
    Mischief(rows_of_a_robot_that_was_not_bound, by(SMAROCK, "bound")),
    Mischief(rows_of_a_former_owner, by(SMAROCK, "bound")),
    Mischief(a_tile_without_a_fault, by(SMAROCK, "map-in-special-cases")),
    Mischief(a_tile_whose_fault_is_none, by(SMAROCK, "map-in-special-cases")),
    Mischief(a_tile_that_shows_rooms, by(SMAROCK, "map-in-special-cases")),
    Mischief(a_tile_that_shows_one_cell_of_the_way, by(SMAROCK, "map-in-special-cases")),
    Mischief(a_compacted_tile_that_shows_rooms, by(SMAROCK, "map-in-special-cases")),
    Mischief(faults_that_no_reading_tells_of, by(SMAROCK, "map-in-special-cases")),
    Mischief(tiles_as_many_as_readings, by(SMAROCK, "map-in-special-cases")),
    Mischief(a_way_without_a_fault, by(SMAROCK, "way-in-special-cases")),
    Mischief(half_a_way_without_a_fault, by(SMAROCK, "way-in-special-cases")),
    Mischief(rows_of_a_restricted_robot, by(QIHOO, "right-restrict")),
    Mischief(new_rows_of_a_restricted_robot, by(QIHOO, "right-restrict")),
    Mischief(rows_put_aside_of_somebody_who_is_not_restricted, by(QIHOO, "right-restrict")),
    Mischief(rows_of_somebody_who_objected, by(QIHOO, "right-stop")),
    Mischief(an_erased_subject_that_came_back, by(SMAROCK, "right-erase")),
    Mischief(an_erased_subject_that_stayed, by(SMAROCK, "right-erase", "bound")),
    Mischief(an_erased_subject_that_only_its_watch_entry_knows, by(SMAROCK, "right-erase")),
    Mischief(one_reading_of_the_last_moment_before_an_erasure, by(SMAROCK, "right-erase")),
    Mischief(maps_whose_yes_was_taken_back, by(QIHOO, "consent-maps")),
    Mischief(rows_of_the_owner_before, by(SMAROCK, "bound")),
    Mischief(old_rows_of_a_closed_account, by(QIHOO, "account-permanent")),
    Mischief(rows_of_an_account_that_was_closed, by(SMAROCK, "right-cancel")),
    Mischief(rows_of_an_account_that_was_closed_in_france, by(QIHOO, "account-permanent")),
)
