"""Object keys, parsed by verify's own rule: what a key says of the bytes under it.

    telemetry/date=2026-11-21/expires=2026-12-05T14/<32 hex digits>.parquet

A key that fits none of the forms below is a finding, for nobody can say when it must be gone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import date as Date  # noqa: N812 - the field is `date`

_HOUR = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}"
_DATA = re.compile(
    r"(?P<table>[a-z_]+)/date=(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    rf"/expires=(?P<expires>{_HOUR})/[0-9a-f]{{32}}\.parquet"
)
_LOG = re.compile(  # source: Delta Lake's protocol, "File Types"
    r"(?P<table>[a-z_]+)/_delta_log/"
    r"(?:(?P<version>[0-9]{20})\.json|[0-9]{20}(?:\.[0-9]{10}\.[0-9]{10})?\.checkpoint"
    r"(?:\.[0-9a-f-]{36})?\.parquet|_last_checkpoint|[0-9]{20}\.crc|_sidecars/.+\.parquet"
    r"|_commits/.+|_temporary/.+|\.tmp/.+)"
)
_LINK = re.compile(rf"_links/expires=(?P<expires>{_HOUR})/[k0-9-]+\.parquet")
_WATCH = re.compile(rf"_watch/expires=(?P<expires>{_HOUR})/[0-9a-f]{{32}}\.sealed")
_HELD = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*/(?P<table>[a-z_]+)/date=(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    rf"/expires={_HOUR}/(?:[0-9]{{8}}\.json|[0-9a-f]{{32}}\.parquet)"
)
_SIGN = re.compile(r"_held/(?=.{1,20}\Z)[A-Z][A-Z0-9]{0,11}-[0-9][0-9-]*")
_HOLD = re.compile(r"_holds/[A-Za-z0-9][A-Za-z0-9._-]*\.json")
_LEDGER = re.compile(r"_ledger/[0-9]{20}\.json")
_SCRATCH = re.compile(r"_checks/.+|clock/[0-9a-f]{32}")
_PRESERVED = re.compile(f"_preserved/{_DATA.pattern}")
_FORMS = (
    ("data", _DATA),
    ("log", _LOG),
    ("link", _LINK),
    ("watch", _WATCH),
    ("held", _HELD),
    ("hold", _HOLD),
    ("sign", _SIGN),
    ("ledger", _LEDGER),
    ("scratch", _SCRATCH),
    ("preserved", _PRESERVED),
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A data file, as its bucket and key tell of it.

    Attributes:
        bucket: Name of the bucket, or folder.
        region: Whose bucket that is.
        table: The key's first part.
        date: The event date that it names.
        expires: The hour by which its rows must be gone, UTC.
        size: Bytes.
    """

    bucket: str
    region: str
    table: str
    key: str
    date: Date
    expires: datetime
    size: int

    @property
    def place(self) -> str:
        """As findings name it."""
        return f"{self.bucket}/{self.key}"

    @property
    def stratum(self) -> tuple[str, str, str, str]:
        """What a sample must not leave out."""
        return self.bucket, self.region, self.table, self.date.isoformat()


@dataclass(frozen=True, slots=True)
class Named:
    """What a key says.

    Attributes:
        kind: `data`, `log`, `entry` (of a log), `link`, `watch`, `held` (a copy, or its manifest),
            `hold` (its record), `sign` (that it lasts), `preserved`, `ledger` or `scratch`; empty:
            it fits none.
        table: Whose, of data, of what is preserved of it, and of logs.
        date: Of data, and of what is preserved.
        expires: By when the bytes must be gone, of data, links and watch entries; of what is
            preserved it says when they would be.
        version: Of a log's entry.
    """

    kind: str
    table: str = ""
    date: Date | None = None
    expires: datetime | None = None
    version: int = -1


def read_key(key: str) -> Named:
    """What an object key says of its bytes; kind is empty where it says nothing that is known."""
    for kind, form in _FORMS:
        if found := form.fullmatch(key):
            return _named(kind, found.groupdict())
    return Named("")


def _named(kind: str, words: Mapping[str, str | None]) -> Named:
    """What a key of a known form says; no kind where its date or hour is none."""
    table, version = words.get("table") or "", words.get("version")
    try:
        day = Date.fromisoformat(words["date"] or "") if "date" in words else None
        hour = (
            datetime.fromisoformat(f"{words['expires']}:00:00+00:00")
            if "expires" in words
            else None
        )
    except ValueError:
        return Named("")
    if version is not None:
        return Named("entry", table, version=int(version))
    return Named(kind, table, day, hour)


def latest_hour(day: Date, at_most: timedelta) -> datetime:
    """The last hour that a path of this date may name: a row of its last moment, and the policy."""
    return datetime(day.year, day.month, day.day, 23, tzinfo=UTC) + at_most
