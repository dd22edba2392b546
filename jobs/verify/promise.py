"""A clause of a maker's policy as something to be proven, and who looks at it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.verify.rows.question import Question
from jobs.verify.verdict import Look, Verdict, verdict_of
from schemas.policies import Policy
from schemas.policies.clause import Clause

if TYPE_CHECKING:
    from jobs.verify.scene import Scene


@dataclass(frozen=True, slots=True)
class Promise:
    """A clause, and whose."""

    policy: Policy
    clause: Clause

    @property
    def vendor(self) -> str:
        """As registrations name the maker."""
        return self.policy.vendor

    @property
    def name(self) -> str:
        """As reports name it: `smarock/map-in-special-cases`."""
        return f"{self.vendor}/{self.clause.id}"


Check = Callable[[Promise, "Scene"], Iterable[Look]]
"""Looks at something for a clause of the kind that it is registered for.

What it cannot see it says in the look's `unknown`; where it raises a `FortnightError` instead,
that becomes one: a refusal is never a proof.
"""

Asker = Callable[[Promise, "Scene"], Iterable[Question]]
"""Has questions that are asked of every row that is looked at, all in one pass."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A promise, all that was looked at for it, and the verdict."""

    promise: Promise
    looks: tuple[Look, ...]

    @property
    def verdict(self) -> Verdict:
        """What follows."""
        return verdict_of(self.looks)
