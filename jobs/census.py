"""What lies where: each table's rows, bytes and files by region and date, from the logs alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from schemas.regions import Region
from storage.lake import Destination
from storage.log import DataFile


@dataclass(frozen=True, slots=True)
class Day:
    """What a table holds of one date in one region.

    Attributes:
        size: Bytes.
        expires: When the first of it has to be gone, UTC.
    """

    table: str
    region: Region
    date: date
    rows: int
    size: int
    files: int
    expires: datetime


def census(lake: Mapping[tuple[str, Region], Destination]) -> list[Day]:
    """Everything that every table holds now, by table, region and date."""
    return [
        day
        for (table, region), destination in sorted(lake.items())
        for day in summed(table, region, destination.live())
    ]


def summed(table: str, region: Region, files: Iterable[DataFile]) -> list[Day]:
    """The files of one destination, summed up by date."""
    by_date = sorted(files, key=lambda file: file.path)
    return [
        _sum(table, region, day, list(group))
        for day, group in groupby(by_date, key=lambda file: file.path.date)
    ]


def _sum(table: str, region: Region, day: date, files: list[DataFile]) -> Day:
    return Day(
        table,
        region,
        day,
        rows=sum(file.rows for file in files),
        size=sum(file.size for file in files),
        files=len(files),
        expires=min(file.path.expires for file in files),
    )
