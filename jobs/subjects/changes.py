"""What a subject changes of its registrations: a consent taken back, a field put right, an end."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args

import msgspec
from msgspec.structs import replace

from jobs.kafka import Cluster
from jobs.subjects.case import Case
from jobs.subjects.erase import missing
from jobs.subjects.registrations import Change, put_registrations
from jobs.subjects.roll import Roll
from jobs.subjects.selecting import devices_of
from schemas.errors import SettingsError
from schemas.policies import Policies
from schemas.policies.collecting import Consent as Clause
from schemas.regions import Residency
from schemas.retention import microseconds
from schemas.tables.devices import Consent, ConsentName, Device

WITHDRAW, CORRECT, CANCEL = "subject withdraw", "subject correct", "subject cancel"
ITEMS: tuple[ConsentName, ...] = get_args(ConsentName)
CORRECTED = ("country", "model", "vendor")
"""Fields that are put right here. A device's account and since when it has it are a new binding,
which the account service makes."""


def item_of(text: str) -> ConsentName:
    """The consent of a name.

    Raises:
        SettingsError: There is none.
    """
    for item in ITEMS:
        if item == text:
            return item
    raise SettingsError(f"--item: one of {', '.join(ITEMS)}")


def fields_of(settings: Sequence[str]) -> dict[str, str]:
    """Fields and their right values, from `country=DE` and its like.

    Raises:
        SettingsError: There is no such field.
    """
    fields = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in CORRECTED:
            raise SettingsError(f"--set: FIELD=VALUE, of {', '.join(CORRECTED)}")
        if name == "country" and value not in Residency.shipped().regions:
            raise SettingsError("--set: country: none that a region may hold")
        fields[name] = value
    return fields


def refused(device: Device, *, item: ConsentName, at: int) -> Device:
    """A registration whose owner has said no to one use; the same where he did before.

    Args:
        item: The use.
        at: Since when, microseconds since 1970 in UTC.
    """
    said = [one for one in device.consents if one.name == item]
    if said and not any(one.granted for one in said):
        return device
    by_name = sorted(device.consents, key=lambda one: not one.granted)  # a no outweighs a yes
    others = {one.name: one for one in by_name if one.name != item}
    said_no = Consent(item, granted=False, since=at)
    return replace(device, consents=(*others.values(), said_no))


def corrected(device: Device, fields: Mapping[str, str]) -> Device:
    """A registration with other values in some fields.

    Raises:
        SettingsError: A value is none that the field can have; it is not repeated.
    """
    try:
        return msgspec.convert(msgspec.to_builtins(device) | fields, Device)
    except msgspec.ValidationError:
        named = ", ".join(fields)
        raise SettingsError(f"--set: a value is none that {named} can have") from None


@dataclass(frozen=True, slots=True)
class Registered:
    """The registrations that cases are about.

    Attributes:
        cases: At least one.
    """

    cases: Sequence[Case]
    cluster: Cluster
    roll: Roll

    def withdraw(self, item: ConsentName) -> Iterator[str]:
        """Take a consent back for all devices; each case in words. Safe to repeat.

        Raises:
            PolicyError: A case has no device: nothing was changed.
            RetryableError: Kafka or a store does not answer; call again.
        """
        devices_of(self.cases)
        at = microseconds(self.cases[0].office.now)
        yield from self._change(WITHDRAW, {"item": item}, partial(refused, item=item, at=at))
        if any(_reaches_back(one, item) for case in self.cases for one in self._of(case)):
            yield "what was stored under it goes with the next `fortnight follow`"

    def correct(self, fields: Mapping[str, str]) -> Iterator[str]:
        """Put fields right in all registrations; each case in words. Safe to repeat.

        Raises:
            SettingsError: A value is none that its field can have: nothing was changed.
            PolicyError: A case has no device: nothing was changed.
            RetryableError: Kafka or a store does not answer; call again.
        """
        devices_of(self.cases)
        scope = {"fields": ", ".join(sorted(fields))}
        yield from self._change(CORRECT, scope, partial(corrected, fields=fields))

    def cancel(self) -> Iterator[str]:
        """Cancel all devices' registrations, each by a tombstone; each case in words.

        Safe to repeat. Their rows go by an erasure, which goes on when nobody knows the devices of
        a cancelled account any more.

        Raises:
            PolicyError: A case has no device, and never had: nothing was changed.
            RetryableError: Kafka or a store does not answer; call again.
        """
        entries = self.cases[0].office.ledger.entries()
        devices_of(case for case in self.cases if not missing(case, entries))
        yield from self._change(CANCEL, {}, lambda _: None)

    def _of(self, case: Case) -> list[Device]:
        listed = [self.roll.of(device).registration for device in case.subject.devices]
        return [one for one in listed if one is not None]

    def _change(self, name: str, scope: Mapping[str, str], change: Change) -> Iterator[str]:
        changed = [sum(change(one) != one for one in self._of(case)) for case in self.cases]
        devices = {one.device for case in self.cases for one in self._of(case)}
        put_registrations(self.cluster, devices, change, roll=self.roll)
        for case, n in zip(self.cases, changed, strict=True):
            total = len(case.subject.devices)
            looked_at = {"devices": total}
            case.tell(name, scope=scope, looked_at=looked_at, changed={"registrations": n})
            yield (
                f"{case.request.number}: {len(self._of(case))} of {total} devices are registered; "
                f"{n} registrations changed"
            )


def _reaches_back(device: Device, item: ConsentName) -> bool:
    policy = Policies.shipped().of(device.vendor)
    clauses = policy.of_kind(Clause) if policy else ()
    return any(one.item == item and one.reaches_back for one in clauses)
