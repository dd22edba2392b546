"""Bytes that are there too long, or that nobody can tell the age of."""

import os
from datetime import datetime, timedelta
from uuid import uuid4

from support.verified.house import NOW, House, files
from support.verified.planting import Mischief, both, moved, newest
from support.wire import EU, US

from schemas.retention import format_hour
from schemas.tables import CLEANING_HISTORY, TELEMETRY

KEPT = both("fortnight", "two-weeks")


def bytes_a_minute_too_old(house: House) -> None:
    moved(house, files(house, TELEMETRY)[0], NOW, keep=True)


def an_orphan_of_last_week(house: House) -> None:
    """No log names it, and no reader sees it."""
    store, day = house.store(US), (NOW - timedelta(days=20)).date()
    hour = format_hour(NOW - timedelta(days=6))
    data = store.get(newest(house, CLEANING_HISTORY, US))
    store.put(f"cleaning_history/date={day}/expires={hour}/{uuid4().hex}.parquet", data)


def an_hour_that_promises_too_much(house: House) -> None:
    moved(house, newest(house), NOW + timedelta(days=40))


def an_hour_later_than_rows_allow(house: House) -> None:
    """The path is a possible one: only its rows tell that it is not theirs."""
    key = newest(house)
    hour = datetime.fromisoformat(key.split("expires=")[1].split("/")[0] + ":00:00+00:00")
    moved(house, key, hour + timedelta(hours=1))


def rows_under_another_date(house: House) -> None:
    key = newest(house)
    table, _, hour, name = key.split("/")
    house.store().put(f"{table}/date=2026-11-26/{hour}/{name}", house.store().get(key))
    house.store().delete([key])


def rows_that_go_too_early(house: House) -> None:
    moved(house, newest(house), NOW + timedelta(days=3))


def a_copy_whose_name_tells_no_hour(house: House) -> None:
    house.store().put("telemetry/backup.parquet", house.store().get(newest(house)))


def a_day_that_is_none(house: House) -> None:
    key = newest(house)
    place = key.replace("date=2026-11-25", "date=2026-11-31")
    house.store().put(place, house.store().get(key))


def a_table_that_nobody_declared(house: House) -> None:
    key = newest(house)
    house.store().put(key.replace("telemetry/", "telemetry_old/"), house.store().get(key))


def a_log_entry_of_last_month(house: House) -> None:
    old = (NOW - timedelta(days=20)).timestamp()
    os.utime(house.folder / EU / f"telemetry/_delta_log/{0:020}.json", (old, old))


def a_checkpoint_of_last_month(house: House) -> None:
    log = house.folder / US / "map_tiles/_delta_log"
    place, newer = (log / f"{version:020}.checkpoint.parquet" for version in (1, 2))
    for one in (place, newer):
        one.write_bytes(b"PAR1")
    old = (NOW - timedelta(days=17)).timestamp()
    os.utime(place, (old, old))


def a_link_past_its_hour(house: House) -> None:
    house.store().put(f"_links/expires={format_hour(NOW)}/k1-k2.parquet", b"PAR1")


def rows_below_the_scratch_of_checks(house: House) -> None:
    place = "_checks/verify/rows.parquet"
    house.store().put(place, house.store().get(newest(house)))
    old = (NOW - timedelta(hours=25)).timestamp()
    os.utime(house.folder / EU / place, (old, old))


def rows_of_a_moment_ago_below_the_scratch_of_checks(house: House) -> None:
    """Put again every day, they would stay for ever."""
    house.store().put(f"_checks/verify/{uuid4().hex}/a", house.store().get(newest(house)))


def rows_among_a_tables_log(house: House) -> None:
    place = f"telemetry/_delta_log/_sidecars/{uuid4()}.parquet"
    house.store().put(place, house.store().get(newest(house)))


def rows_as_a_clock(house: House) -> None:
    house.store().put("clock/rows.parquet", house.store().get(newest(house)))


def rows_below_the_ledger(house: House) -> None:
    house.store().put("_ledger/rows.parquet", house.store().get(newest(house)))


MISCHIEF = tuple(
    Mischief(plant, KEPT)
    for plant in (
        bytes_a_minute_too_old,
        an_orphan_of_last_week,
        an_hour_that_promises_too_much,
        an_hour_later_than_rows_allow,
        rows_under_another_date,
        rows_that_go_too_early,
        a_copy_whose_name_tells_no_hour,
        a_day_that_is_none,
        a_table_that_nobody_declared,
        a_log_entry_of_last_month,
        a_checkpoint_of_last_month,
        a_link_past_its_hour,
        rows_below_the_scratch_of_checks,
        rows_of_a_moment_ago_below_the_scratch_of_checks,
        rows_among_a_tables_log,
        rows_as_a_clock,
        rows_below_the_ledger,
    )
)
