"""A hold is placed, extended and released: each told in the ledger, two persons for the ends of it.

It begins with its record in the hold bucket: every run of `expire` that begins afterwards keeps its
rows. A sign of it in the bucket of rows lets those refuse who know of no hold bucket. Then its
devices are marked, so that it can be extended to versions of the keyring that do not exist yet. It
ends with its record, and with its key: copies that are left then name nobody.
"""

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import msgspec

from jobs.holds.naming import names_of, needed
from jobs.office import Office
from jobs.office.second_person import Standing, propose, standing
from jobs.subjects.marks import Change
from jobs.subjects.roll import Roll
from schemas.acts import Act, Ground, is_request
from schemas.errors import ConflictError, IntegrityError, PolicyError, SettingsError
from schemas.hold_record import HoldRecord, label_of
from schemas.holds import EXTEND, PLACE, RELEASE, Hold, lasting
from schemas.keyring import SECRET_BYTES, Keyring
from schemas.ledger import Entry
from schemas.marks import Mark
from schemas.regions import Region
from schemas.requests import Right, open_request, register
from schemas.wrapping import Wrapping
from storage.holds import (
    drop_copies,
    drop_record,
    drop_sign,
    put_record,
    put_sign,
    read_record,
)
from storage.ledger import Recorded
from storage.store import ObjectStore

_NAME_LENGTH = 20
"""With its region it has to fit into a mark."""

_WHY: Mapping[str, Ground] = {"legal procedure": Ground.ORDER}
"""A ground in policies' words -> as the ledger says it; any other is a dispute."""


@dataclass(frozen=True, slots=True)
class Cabinet:
    """Where a region's holds are kept, and what their officers need.

    Attributes:
        store: The region's hold bucket.
        rows: The region's bucket of rows, where a sign shows that something is held.
        wrapping: Wraps the holds' own keys.
        put_marks: Changes what is said of devices.
    """

    store: ObjectStore
    rows: ObjectStore
    wrapping: Wrapping = field(repr=False)
    put_marks: Callable[[Collection[str], Change], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A hold that somebody wants to place.

    Attributes:
        name: A number, such as `H-2026-3`, and no person's.
        ground: In a word of the policies.
        review: The day by which somebody looks whether it is still needed.
        tables: Names.
        since: Only rows with this event time and later; None for all of before.
        until: Only rows of before that moment; None for all that come.
        tag: Of whom it is about, under the ledger's key.
        devices: Ids.
    """

    name: str
    ground: str
    review: date
    tables: tuple[str, ...]
    since: datetime | None = None
    until: datetime | None = None
    tag: str
    devices: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not is_request(self.name) or len(self.name) > _NAME_LENGTH:
            raise SettingsError("a hold's name is a number such as H-2026-3, and no person's")
        if self.since and self.until and self.since >= self.until:
            raise SettingsError("--since: is not before --until")

    def act(self, office: Office, request: str) -> Act:
        """The act of placing it."""
        scope = {
            "hold": self.name,
            "ground": self.ground,
            "review": self.review.isoformat(),
            "tables": ",".join(self.tables),
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
        }
        why = _WHY.get(self.ground, Ground.DISPUTE)
        return office.act(PLACE, why, request=request, scope=scope, subject=self.tag)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far placing or releasing came.

    Attributes:
        standing: What a second person has to approve.
        recorded: Its entry; None where it is only proposed.
    """

    standing: Standing
    recorded: Recorded | None = None


def place(
    office: Office, wanted: Wanted, request: str, *, cabinet: Cabinet, keyring: Keyring
) -> Outcome:
    """Place a hold, or propose it where nobody has approved it yet; safe to kill and to repeat.

    Args:
        request: The number of the open order that asks for it.
        keyring: Its secrets of the region opened.

    Raises:
        PolicyError: There is one of that name, nobody ordered it, or no device is meant.
        RetryableError: A store or Kafka does not answer: call again.
    """
    entries = office.ledger.entries()
    _see_order(entries, request)
    if wanted.name in {hold.name for hold in lasting(entries)}:
        raise PolicyError(f"hold {wanted.name}: there is one of that name, and it lasts")
    if not wanted.devices:
        raise PolicyError(f"hold {wanted.name}: no device is meant that this region knows")
    act = wanted.act(office, request)
    found = standing(office, act, entries)
    if found.approver is None:
        propose(office, act, found)
        return Outcome(found)
    office.check()
    keys = needed(keyring, office.region, office.now)
    there = read_record(cabinet.store, wanted.name)
    record = _record(office, wanted, cabinet, there).extended(names_of(wanted.devices, keys))
    put_record(cabinet.store, record, only_if_absent=there is None)
    put_sign(cabinet.rows, wanted.name)
    name = mark_of(office.region, wanted.name)
    cabinet.put_marks(wanted.devices, lambda mark: _with(mark, name))
    return Outcome(found, office.record(_named(found.told(act), record, keys[-1].version)))


def extend(
    office: Office,
    name: str,
    roll: Roll,
    *,
    cabinet: Cabinet,
    keyring: Keyring,
    review: date | None = None,
) -> Recorded:
    """Have a hold know its rows under every version that rows may get; safe to repeat.

    Args:
        roll: What is told of devices; those of the hold are marked.
        keyring: Its secrets of the region opened.
        review: The next day on which somebody looks whether it is still needed; None: as before.

    Raises:
        PolicyError: There is no such hold.
        IntegrityError: Its record, or the mark of one of its devices, is gone.
        RetryableError: A store does not answer, or somebody else changed it: call again.
    """
    _known(office.ledger.entries(), name)
    record = read_record(cabinet.store, name)
    keys = needed(keyring, office.region, office.now)
    names = names_of(_marked(roll, mark_of(office.region, name)), keys)
    if record is None or not record.is_known_by(names):
        raise IntegrityError(f"hold {name}: its record, or the mark of a device, is gone")
    office.check()
    record = _replace(office, cabinet, record, by=record.extended(names))
    scope = {"hold": name, "review": review.isoformat() if review else ""}
    act = office.act(EXTEND, Ground.SCHEDULE, scope=scope)
    return office.record(_named(act, record, keys[-1].version))


def release(
    office: Office, name: str, request: str, *, cabinet: Cabinet, roll: Roll, why: Ground
) -> Outcome:
    """End a hold, or propose to where nobody has approved it yet; safe to kill and to repeat.

    Its key and its copies are gone, every version of them; what is still in the tables goes at its
    hour. A key of KMS that only a killed run could leave behind opens nothing that is left.

    Args:
        roll: What is told of devices; those of the hold are marked.

    Raises:
        PolicyError: There is no such hold, or nobody ordered it.
        RetryableError: A store or Kafka does not answer: call again.
    """
    entries = office.ledger.entries()
    _see_order(entries, request)
    _known(entries, name)
    act = office.act(RELEASE, why, request=request, scope={"hold": name})
    found = standing(office, act, entries)
    if found.approver is None:
        propose(office, act, found)
        return Outcome(found)
    office.check()
    drop_sign(cabinet.rows, name)
    if record := read_record(cabinet.store, name):
        drop_record(cabinet.store, name)
        cabinet.wrapping.destroy(record.wrapped)
    dropped = drop_copies(cabinet.store, name)
    on_mark = mark_of(office.region, name)
    devices = _marked(roll, on_mark)
    cabinet.put_marks(devices, lambda mark: _without(mark, on_mark))
    changed = {"devices": len(devices), "objects": dropped}
    recorded = office.record(replace(found.told(act), changed=changed))
    drop_sign(cabinet.rows, name)  # again: until it was told, somebody may have extended it
    drop_record(cabinet.store, name)
    return Outcome(found, recorded)


def mark_of(region: Region, name: str) -> str:
    """How a device's mark names a hold: in another region there may be one of the same name."""
    return f"{region}.{name}"


def _marked(roll: Roll, name: str) -> list[str]:
    """Ids of the devices whose mark names a hold."""
    return [one.device for one in roll.devices.values() if one.mark and name in one.mark.holds]


def _see_order(entries: Collection[Entry], number: str) -> None:
    request = open_request(register(entries), number)
    if request.right is not Right.ORDER:
        raise PolicyError(f"request {number}: a hold is placed and released for an order only")


def _replace(office: Office, cabinet: Cabinet, record: HoldRecord, *, by: HoldRecord) -> HoldRecord:
    """Put a hold's record in the place of another; none is left of a hold that is released.

    A release drops the record and its sign both before and after it is told. So a record that was
    put meanwhile goes with the release, or whoever put it sees in the ledger that there was one.
    """
    store = cabinet.store
    if read_record(store, by.name) != record:
        raise ConflictError(f"hold {by.name}: somebody else changed it meanwhile")
    put_record(store, by)
    put_sign(cabinet.rows, by.name)
    try:
        _known(office.ledger.entries(), by.name)
    except PolicyError:
        if read_record(store, by.name) in (None, by):  # none: all of a release came in between
            drop_sign(cabinet.rows, by.name)
            drop_record(store, by.name)
        raise
    return by


def _known(entries: Collection[Entry], name: str) -> Hold:
    for hold in lasting(entries):
        if hold.name == name:
            return hold
    raise PolicyError(f"hold {name}: there is none of that name that lasts")


def _record(
    office: Office, wanted: Wanted, cabinet: Cabinet, there: HoldRecord | None
) -> HoldRecord:
    """A new record; where placing it was killed, with the key of the one that is there."""
    label = label_of(wanted.name, office.region)
    secret = secrets.token_bytes(SECRET_BYTES)
    return HoldRecord(
        name=wanted.name,
        region=office.region,
        placed=office.now,
        tables=wanted.tables,
        since=wanted.since,
        until=wanted.until,
        devices=there.devices if there else (),
        wrapped=there.wrapped if there else cabinet.wrapping.wrap(secret, label),
    )


def _named(act: Act, record: HoldRecord, version: int) -> Act:
    changed = {"devices": len(record.devices), "names": len(record.names), "version": version}
    return replace(act, changed=changed)


def _with(mark: Mark, name: str) -> Mark:
    return msgspec.structs.replace(mark, holds=tuple(sorted({*mark.holds, name})))


def _without(mark: Mark, name: str) -> Mark:
    return msgspec.structs.replace(mark, holds=tuple(one for one in mark.holds if one != name))
