"""Buckets and tables: as they have to be, and whether they are.

A bucket is in its region's S3 location, encrypts by default, lets nobody in from outside, and
removes data files itself, by date, should our own expiry ever stop. A bucket elsewhere is no breach
to be reported but a promise that the next row would break: everything stops there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import uuid4

from jobs.buckets import Purpose, WantedBucket
from schemas.errors import SettingsError
from schemas.regions import Region, Residency
from schemas.settings import Settings
from storage.lake import Destination
from storage.places import check_promises, location_of, open_lake, tables_in
from storage.s3 import S3Store
from storage.s3.bucket import BucketState
from storage.store import check_conditional_puts

_INIT = "one that `fortnight storage init` makes"


@dataclass(frozen=True, slots=True)
class Made:
    """What `carry_out` did to a bucket.

    Attributes:
        created: Whether it was not there before.
        unsupported: What its server cannot do.
    """

    bucket: WantedBucket
    created: bool
    unsupported: tuple[str, ...]

    def __str__(self) -> str:
        lacking = (
            f"; its server has no {', no '.join(self.unsupported)}" if self.unsupported else ""
        )
        tables = ", ".join(self.bucket.tables) or "no tables"
        return f"{self.bucket}: {'created' if self.created else 'was there'}; {tables}{lacking}"


@dataclass(frozen=True, slots=True)
class Breach:
    """What a bucket or table has and must not have, or what nobody can tell.

    Attributes:
        certain: False where the server cannot say.
    """

    place: str
    what: str
    found: str
    allowed: str
    certain: bool = True

    def __str__(self) -> str:
        if not self.certain:
            return f"{self.place}: {self.what} cannot be checked: the server has no such thing"
        return f"{self.place}: {self.what} is {self.found}, allowed is {self.allowed}"


def plan(settings: Settings, residency: Residency) -> list[WantedBucket]:
    """Every bucket, as `init` makes it and `check` compares it.

    Raises:
        PolicyError: The settings put a region elsewhere than its rows are promised to be.
    """
    check_promises(settings, residency)
    return [
        WantedBucket(
            place.region,
            location_of(place, settings),
            _tables(place.region, purpose, settings),
            purpose,
        )
        for purpose, places in (
            (Purpose.ROWS, settings.regions),
            (Purpose.RESTRICTED, settings.restricted),
            (Purpose.HELD, settings.holds),
        )
        for place in places
    ]


def carry_out(
    wanted: list[WantedBucket], settings: Settings, *, versioned: bool = False
) -> Iterator[Made]:
    """Make the buckets and tables that are not there, and set what they must be; idempotent.

    Raises:
        PolicyError: A bucket is there already, elsewhere.
    """
    for bucket in wanted:
        admin = bucket.admin()
        created = not admin.exists()
        unsupported = admin.create(versioned=versioned)
        for destination in _destinations(bucket, settings).values():
            destination.create()
        yield Made(bucket, created, tuple(unsupported))


def inspect(wanted: list[WantedBucket], settings: Settings) -> list[Breach]:
    """Compare every bucket and table with what it has to be; puts a test object, and removes it.

    Raises:
        PolicyError: A bucket is elsewhere.
        FatalError: A store lets two commits overwrite each other.
    """
    found = []
    for bucket in wanted:
        admin = bucket.admin()
        if not admin.exists():
            found.append(Breach(str(bucket), "the bucket", "missing", _INIT))
            continue
        admin.check_location()
        check_conditional_puts(S3Store(bucket.where), f"_checks/{uuid4().hex}")
        found += breaches(bucket, admin.state())
        for destination in _destinations(bucket, settings).values():
            found += _of_table(destination)
    return found


def breaches(bucket: WantedBucket, state: BucketState) -> list[Breach]:
    """What a bucket is found to be and must not be, and what nobody can tell."""
    properties = {
        "encryption by default": (state.encrypted, True),
        "public access blocked": (state.closed, True),
        "days until S3 itself removes a file": (state.backstop_days, bucket.backstop),
    }
    return [
        Breach(str(bucket), what, _say(found), _say(allowed), certain=found is not None)
        for what, (found, allowed) in properties.items()
        if found != allowed
    ]


def _of_table(destination: Destination) -> Iterator[Breach]:
    try:
        different = destination.differences()
    except SettingsError:
        yield Breach(f"table {destination}", "the table", "missing", _INIT)
        return
    for what in different:
        yield Breach(
            f"table {destination}", what, "declared otherwise", "what this version declares"
        )


def _destinations(
    bucket: WantedBucket, settings: Settings
) -> Mapping[tuple[str, Region], Destination]:
    lake = open_lake({bucket.region: S3Store(bucket.where)}, settings)
    return {place: one for place, one in lake.items() if one.table.name in bucket.tables}


def _tables(region: Region, purpose: Purpose, settings: Settings) -> tuple[str, ...]:
    """Copies of held rows are in no table: only their manifests name them."""
    if purpose is Purpose.HELD:
        return ()
    return tuple(table.name for table in tables_in(region, settings))


def _say(value: object) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "on" if value else "off"
        case _:
            return str(value) if value else "none"
