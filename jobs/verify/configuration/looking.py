"""Looks at things of one kind, one by one, where each is wrong, right, or could not be seen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jobs.verify.verdict import Look, Tally
from storage.s3.evidence import Unseen


@dataclass(slots=True)
class Looking:
    """What was found so far.

    Attributes:
        checked: What, as a sentence.
        unit: Of what is counted; plural.
        repeat: The command that repeats it.
    """

    checked: str
    unit: str
    repeat: str = ""
    notes: list[str] = field(default_factory=list)
    _tally: Tally = field(default_factory=Tally)
    _unknown: list[str] = field(default_factory=list)

    def at(self, place: str, said: Iterable[str | Unseen]) -> None:
        """One thing was looked at: what is wrong with it, or what of it could not be seen."""
        words = list(said)
        self._unknown += [f"{place}: {one}" for one in words if isinstance(one, Unseen)]
        self._tally.look(place, [one for one in words if isinstance(one, str)])

    def not_at(self, place: str, why: object) -> None:
        """One thing could not be looked at."""
        self._unknown.append(f"{place}: {why}")

    def each(self, things: Mapping[str, str | Unseen | None]) -> None:
        """Several, each with one thing wrong at most; None: nothing."""
        for place, said in things.items():
            self.at(place, [] if said is None else [said])

    def end(self, attested: Iterable[str] = ()) -> Look:
        """All of it.

        Args:
            attested: What somebody signed for.
        """
        return Look(
            checked=self.checked,
            looked_at=self._tally.looked_at,
            unit=self.unit,
            findings=tuple(self._tally.findings),
            found=self._tally.found,
            unknown=tuple(self._unknown),
            attested=tuple(attested),
            notes=tuple(self.notes),
            repeat=self.repeat,
        )
