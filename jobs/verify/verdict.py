"""What was looked at, what was found, and what follows for a clause."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self


class Verdict(StrEnum):
    """What is known of a clause."""

    HELD = "held"
    BROKEN = "broken"
    ATTESTED = "attested"
    """No program can see it; somebody signed for it, and that is still valid."""
    NOT_CHECKABLE = "not checkable"
    """Something that had to be looked at could not be: nothing is said of it."""
    NOTHING = "nothing to check"
    """There is nothing yet that could break it."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A promise that is broken somewhere; tells the place and never a value.

    Attributes:
        place: An object key with its bucket, a topic, a setting.
        what: A fixed phrase, perhaps with a count.
    """

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


SHOWN = 20
"""Of many findings of one look, so many are told; the count is always of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One thing that was looked at for a clause.

    Attributes:
        checked: What, as a sentence for an auditor.
        looked_at: How many of `unit`.
        unit: `rows`, `objects`, `topics`; plural.
        of: How many there are in all, where it was a sample; 0 where all were looked at.
        sample: Which files that rests on, in words.
        findings: Some of them, at most `SHOWN` where there are more.
        found: How many in all.
        unknown: Why something could not be looked at; then the clause is not checkable.
        attested: What somebody signed for, and until when.
        notes: What else the reader should know: figures, what was left out on purpose.
        repeat: The command, or the SQL, that repeats it.
    """

    checked: str
    looked_at: int = 0
    unit: str = "objects"
    of: int = 0
    sample: str = ""
    findings: tuple[Finding, ...] = ()
    found: int = 0
    unknown: tuple[str, ...] = ()
    attested: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    repeat: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "found", max(self.found, len(self.findings)))
        object.__setattr__(self, "findings", self.findings[:SHOWN])


@dataclass(slots=True)
class Tally:
    """Findings as they come: all are counted, and a bounded number kept."""

    looked_at: int = 0
    found: int = 0
    findings: list[Finding] = field(default_factory=list)

    def look(self, place: str, wrong: Iterable[str]) -> None:
        """Count one thing that was looked at, and what is wrong with it."""
        self.looked_at += 1
        for what in wrong:
            self.add(place, what)

    def add(self, place: str, what: str) -> None:
        """One more finding."""
        self.found += 1
        if len(self.findings) < SHOWN:
            self.findings.append(Finding(place, what))

    def __iadd__(self, other: "Tally") -> Self:
        """With what another one has."""
        self.looked_at += other.looked_at
        self.found += other.found
        self.findings = [*self.findings, *other.findings][:SHOWN]
        return self


def verdict_of(looks: Sequence[Look]) -> Verdict:
    """What follows for a clause from all that was looked at for it.

    One finding breaks it, whatever else could not be seen; and what could not be seen is never
    taken for kept, also where everything else is.
    """
    if any(look.found for look in looks):
        return Verdict.BROKEN
    if any(look.unknown for look in looks) or not looks:
        return Verdict.NOT_CHECKABLE
    if any(look.attested for look in looks):
        return Verdict.ATTESTED
    return Verdict.HELD if any(look.looked_at for look in looks) else Verdict.NOTHING
