"""Every object of a bucket, version by version, judged by its name and its age alone."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs.verify.stored.files import Named, StoredFile, latest_hour, read_key
from jobs.verify.verdict import Tally
from schemas.errors import FortnightError
from storage.s3 import Inspection, S3Location, Version
from storage.store import ObjectStore

_ENDING = ("data", "link", "watch")
"""Kinds whose path names the hour by which they must be gone."""
_SCRATCH_AGE = timedelta(days=1)
_EMPTY = ("preserved", "sign")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By what objects are judged.

    Attributes:
        at_most: No row, and no copy of it, is older: of the policies.
        log_grace: Log entries are cleaned when the log is summed up next, not at once.
        upload_age: An unfinished upload may be so old: of the settings.
        tables: The names of tables that there are.
        kinds: What may lie in the bucket, as `read_key` says it.
    """

    at_most: timedelta
    log_grace: timedelta
    upload_age: timedelta
    tables: frozenset[str]
    kinds: frozenset[str]


@dataclass(slots=True)
class Listing:
    """What the names in one bucket say.

    Attributes:
        bucket: Its name.
        files: The current version of each data file.
        entries: Table -> versions of its log that are there.
        others: Keys of whatever else is there.
        old: (key, version) of what readers do not see; of a delete marker without a version.
        watches: Keys of watch entries.
        signs: Keys of what is empty and says by its name alone that rows are held, or preserved.
        preserved: Keys of data whose expiry is suspended, for a claim of its subject.
        ages: Of every version of every object: past its hour, or a path that promises too much.
        strays: Of every object: a name that nobody can tell the age of.
        markers: Of every version: deleted by name only, so that its bytes stay.
        logs: Of log objects: older than a fortnight.
        uploads: Of unfinished uploads.
        refused: Why it could not be listed; empty where it could.
        uploads_refused: The same of uploads.
    """

    bucket: str
    region: str
    files: list[StoredFile] = field(default_factory=list, repr=False)
    entries: dict[str, list[int]] = field(default_factory=dict, repr=False)
    others: list[str] = field(default_factory=list, repr=False)
    old: list[tuple[str, str]] = field(default_factory=list, repr=False)
    watches: list[str] = field(default_factory=list, repr=False)
    signs: list[str] = field(default_factory=list, repr=False)
    preserved: set[str] = field(default_factory=set, repr=False)
    ages: Tally = field(default_factory=Tally)
    strays: Tally = field(default_factory=Tally)
    markers: Tally = field(default_factory=Tally)
    logs: Tally = field(default_factory=Tally)
    uploads: Tally = field(default_factory=Tally)
    refused: str = ""
    uploads_refused: str = ""

    @property
    def unread(self) -> list[str]:
        """Keys of what is sealed or empty: whatever it tells is in its name, or beside it."""
        return [*self.watches, *self.signs]


def list_bucket(
    listing: Listing, store: ObjectStore, where: S3Location | None, rules: Rules, now: datetime
) -> Listing:
    """List everything in a bucket into `listing`, and judge it; what is refused is said in it."""
    try:
        log: list[tuple[str, Version]] = []
        for version in _versions(store, where):
            _judge(listing, version, rules, now)
            if (named := read_key(version.key)).kind in ("log", "entry"):
                log.append((named.table, version))
        _judge_logs(listing, log, rules, now)
    except (FortnightError, KeyError) as error:
        listing.refused = str(error)
        return listing
    if where is not None:
        try:
            _judge_uploads(listing, where, rules, now)
        except (FortnightError, KeyError) as error:
            listing.uploads_refused = str(error)
    return listing


def came_since(
    listing: Listing, store: ObjectStore, gone: Iterable[StoredFile]
) -> list[StoredFile]:
    """Data files that were not there when the bucket was listed, where files lay that are gone.

    Raises:
        FortnightError: It cannot be listed any more.
    """
    known = {file.key for file in listing.files}
    now = Listing(listing.bucket, listing.region)
    for folder in sorted({file.key.rpartition("/")[0] for file in gone}):
        for one in store.list(f"{folder}/"):
            if one.key not in known:
                version = Version(one.key, one.size, one.modified, current=True)
                _remember(now, read_key(one.key), version)
    return now.files


def _versions(store: ObjectStore, where: S3Location | None) -> Iterator[Version]:
    if where is not None:
        return Inspection(where).versions()
    return (Version(one.key, one.size, one.modified, current=True) for one in store.list())


def _judge(listing: Listing, version: Version, rules: Rules, now: datetime) -> None:
    named, place = read_key(version.key), f"{listing.bucket}/{version.key}"
    listing.strays.look(place, (*_strange(named, rules), *_filled(named, version)))
    if named.kind in _ENDING:
        ends = version.key not in listing.preserved
        listing.ages.look(place, _aged(named, version, rules, now) if ends else ())
        listing.markers.look(place, _marked(version))
    elif named.kind == "scratch":
        listing.ages.look(place, _left(version, now))
    if version.current and not version.marker:
        _remember(listing, named, version)
    else:
        listing.old.append((version.key, "" if version.marker else version.id))


def _remember(listing: Listing, named: Named, version: Version) -> None:
    if named.kind == "data" and named.date is not None and named.expires is not None:
        listing.files.append(
            StoredFile(
                listing.bucket,
                listing.region,
                named.table,
                version.key,
                named.date,
                named.expires,
                version.size,
            )
        )
    elif named.kind == "entry":
        listing.entries.setdefault(named.table, []).append(named.version)
    elif named.kind == "watch":
        listing.watches.append(version.key)
    elif named.kind in _EMPTY:
        listing.signs.append(version.key)
    else:
        listing.others.append(version.key)
    if named.kind == "preserved":  # listed before the tables, so before what it is about
        listing.preserved.add(version.key.removeprefix("_preserved/"))


def _strange(named: Named, rules: Rules) -> Iterator[str]:
    if named.kind not in rules.kinds:
        yield "an object of a kind that is not for here: nobody says by when it must be gone"
    elif named.table and named.table not in rules.tables:
        yield "an object of no known table"


def _filled(named: Named, version: Version) -> Iterator[str]:
    if named.kind in _EMPTY and version.size:
        yield "bytes where an empty object belongs: nobody says by when they must be gone"


def _aged(named: Named, version: Version, rules: Rules, now: datetime) -> Iterator[str]:
    if named.expires is None:
        return
    how = "" if version.current else ", in a version that readers do not see"
    if named.expires <= now:
        yield f"its hour has passed, and it is there{how}"
    if named.date is not None and named.expires > latest_hour(named.date, rules.at_most):
        yield f"its path promises longer than the policy lets rows stay{how}"


def _marked(version: Version) -> Iterator[str]:
    if version.marker:
        yield "it was deleted by name only: a delete marker, and perhaps bytes below it"


def _left(version: Version, now: datetime) -> Iterator[str]:
    if version.size and version.modified + _SCRATCH_AGE < now:
        yield "what a check put there for a moment is there after a day"


def _judge_logs(
    listing: Listing, log: Sequence[tuple[str, Version]], rules: Rules, now: datetime
) -> None:
    lasting = _lasting(listing, log)
    for table, version in log:
        last = version.current and (table, _number(version)) in lasting
        wrong = () if last else _old(version, rules, now)
        listing.logs.look(f"{listing.bucket}/{version.key}", wrong)


def _lasting(listing: Listing, log: Iterable[tuple[str, Version]]) -> set[tuple[str, str]]:
    """(table, number) of what stays of a log however old it is: nobody appends to a quiet one.

    Its newest entry and checkpoint do, and where a table has no data files all that is there: it
    names files by numbers drawn by lot, and none of them is there.
    """
    full = {file.table for file in listing.files}
    newest: dict[tuple[str, bool], str] = {}
    for table, version in log:
        number, name = _number(version), version.key.rpartition("/")[2]
        of = table, ".checkpoint" in name
        if name.endswith(".json") or of[1]:
            newest[of] = max(number, newest.get(of, ""))
    lasting = {(table, number) for (table, _), number in newest.items()}
    lasting |= {(table, _number(version)) for table, version in log if table not in full}
    return lasting | {(table, "_last_checkpoint") for table, _ in log}


def _number(version: Version) -> str:
    """The entry that an object of a log is about, in 20 digits; or its name."""
    return version.key.rpartition("/")[2][:20]


def _old(version: Version, rules: Rules, now: datetime) -> Iterator[str]:
    if version.modified + rules.at_most + rules.log_grace < now:
        yield "part of a table's log that is older than rows may be"


def _judge_uploads(listing: Listing, where: S3Location, rules: Rules, now: datetime) -> None:
    for upload in Inspection(where).uploads():
        place, named = f"{listing.bucket}/{upload.key}", read_key(upload.key)
        listing.uploads.look(place, ())
        if upload.begun + rules.upload_age < now:
            listing.uploads.add(place, "an upload that was never finished keeps its parts")
        elif named.expires is not None and named.expires <= now:
            listing.uploads.add(place, "parts of an upload whose hour has passed")
