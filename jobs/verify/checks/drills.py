"""Canaries use their rights in every region, and the ledger tells that it was not long ago."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from jobs.verify.configuration import books
from jobs.verify.configuration.looking import Looking
from jobs.verify.configuration.state import Books
from jobs.verify.promise import Promise
from jobs.verify.rows.names import folded
from jobs.verify.rows.registry import FOR_EVER, Registered, Registry
from jobs.verify.scene import Scene
from jobs.verify.verdict import Look
from schemas.canaries import Canary, canaries
from schemas.drills import ACCESS, EVERY, STEPS, Drilled, drills
from schemas.ledger_keys import LedgerKey
from schemas.policies.answering import Right as Clause
from schemas.requests import Right
from storage.s3.evidence import Seen, Unseen

_WITH: Literal["access"] = "access"
"""Every maker promises this one: drills of what it does not promise are judged with it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REPEAT = "fortnight drill, again while its status is 75; fortnight ledger report"


def drilled(promise: Promise, scene: Scene) -> Iterator[Look]:
    """A drill of this right on the maker's canary went well lately, wherever one runs."""
    if (found := scene.configured) is None:
        return
    for right in _judged(promise):
        checked = f"{right}: canaries were answered within {EVERY.days} days"
        looking = Looking(checked, "canaries", _REPEAT)
        for each in books.readable(found):
            known = drills(each.entries).get((promise.vendor, right), Drilled())
            _Canary.of(promise.vendor, each, scene).judge(looking, known, found.now)
        yield looking.end()


def _judged(promise: Promise) -> Iterator[Right]:
    """The right that a clause promises, if it is drilled; with access those that no clause does."""
    if isinstance(promise.clause, Clause):
        own, promised = promise.clause.right, {one.right for one in promise.policy.of_kind(Clause)}
        for right in STEPS:
            if right == own or (own == _WITH and right not in promised):
                yield right


def nobody_else(promise: Promise, scene: Scene) -> Iterator[Look]:
    """What is told as a drill was of canaries: else it were a copy without a second person."""
    clause, found = promise.clause, scene.configured
    if not isinstance(clause, Clause) or clause.right != _WITH or found is None:
        return
    looking = Looking("nobody but canaries was drilled", "copies", _REPEAT)
    for each in books.readable(found):
        acts = [entry for entry in each.entries if entry.act.name == ACCESS]
        key = scene.ledger_key(each.region) if acts else Unseen("")
        for entry in acts:
            place = f"ledger of {each.region}, entry {entry.number}"
            if isinstance(key, Unseen):
                looking.not_at(place, key)
                continue
            is_canary = entry.act.subject in _tags(key)
            looking.at(place, () if is_canary else ["a copy without a second person, of no canary"])
    yield looking.end()


def _tags(key: LedgerKey) -> set[str]:
    """By which a region's ledger knows its canaries."""
    return {key.tag("device", one.device) for one in canaries() if one.region == key.region}


@dataclass(frozen=True, slots=True)
class _Canary:
    """A maker's, in a region.

    Attributes:
        runs: Whether it is registered; Unseen: nobody knows who is.
        since: Since when it could have been drilled; None: nobody knows.
        is_other: Its name is registered, and as a device that is not the canary.
    """

    place: str
    runs: Seen[bool]
    since: datetime | None
    is_other: bool = False

    @classmethod
    def of(cls, vendor: str, each: Books, scene: Scene) -> "_Canary":
        place = f"canary of {vendor} in {each.region}"
        if (registry := scene.registry) is None:
            return cls(place, Unseen(scene.registry_refused or "no registry"), each.since)
        mine = (one for one in canaries() if (one.vendor, one.region) == (vendor, each.region))
        found = [(one, said) for one in mine for said in _registered(one, registry)]
        bound = [_moment(said.bound_since) for _, said in found if said.bound_since is not None]
        since = max([*bound, *filter(None, [each.since])], default=None)
        is_other = any(
            not one.is_registered_as(said.vendor, said.account, said.country) for one, said in found
        )
        return cls(place, bool(found), since, is_other)

    def judge(self, looking: Looking, known: Drilled, now: datetime) -> None:
        """Note what is to be said of its last drill."""
        if isinstance(self.runs, Unseen) and known == Drilled():
            looking.not_at(self.place, self.runs)
        elif self.runs is False:
            looking.notes.append(f"{self.place}: none runs")
        elif self.is_other:
            looking.at(self.place, ["its name is registered as a device that is no canary"])
        elif wrong := _wrong(known):
            looking.at(self.place, [wrong])
        elif known.done and now - known.done <= EVERY:
            looking.notes.append(f"{self.place}: {known.done:%Y-%m-%d}")
            looking.at(self.place, ())
        elif known.done is None and self.since and now - self.since <= EVERY:
            looking.notes.append(f"{self.place}: due {self.since + EVERY:%Y-%m-%d}")
        else:
            looking.at(self.place, [f"not drilled within {EVERY.days} days"])


def _registered(canary: Canary, registry: Registry) -> Iterator[Registered]:
    """What is registered under its name now."""
    name = folded(canary.device)
    numbers = {n for n, device in enumerate(registry.devices) if folded(device) == name}
    for one in registry.registered:
        if one.device in numbers and one.until == FOR_EVER and not one.cancelled:
            yield one


def _wrong(known: Drilled) -> str:
    """What the last drill says; nothing where it went well."""
    last = max(filter(None, (known.done, known.untold, known.failed)), default=None)
    if last is None or last == known.done:
        return ""
    if last == known.failed:
        return "the last drill found that it was not answered well"
    return "it is told as answered, and not every act that belongs to it is"


def _moment(since: int) -> datetime:
    """Of microseconds since 1970; the last that there is for any behind it."""
    try:
        return _EPOCH + timedelta(microseconds=since)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
