"""One drill of a region: its canaries use four rights, and it is looked whether that happened.

Confirm, access, restrict and lift, erase; at the end they are bound anew, and go on running. It may
be killed anywhere and run again, as whatever waits for records that are on their way has to be.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobs.drill.series import Series, series_here
from jobs.drill.steps import Steps, Trouble, Troubles
from jobs.office import Office
from jobs.subjects.selecting import is_erased
from schemas.canaries import Canary, canaries
from schemas.drills import FAILED, PASSED, STEPS
from schemas.errors import PolicyError
from schemas.requests import Right, register

PENDING = "pending"
_ASLEEP = "it was erased, and is bound anew now: drill it when it has said something"

_ASKED: Mapping[Right, Callable[[Steps, Sequence[Series]], Troubles]] = {
    Right.CONFIRM: Steps.confirm,
    Right.ACCESS: Steps.access,
    Right.RESTRICT: Steps.restrict,
    Right.ERASE: Steps.erase,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a canary's drill came.

    Attributes:
        vendor: Whose canary.
        state: `passed`, `failed` or `pending`.
        said: At which step, and why; empty where it passed.
    """

    vendor: str
    state: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Drill:
    """The canaries of one region, and what answers them as it answers anybody."""

    office: Office
    steps: Steps

    def run(self) -> list[Outcome]:
        """Drill every canary that is registered here, or go on where that was cut off.

        Returns:
            An outcome each; none where no canary is registered in this region.

        Raises:
            PolicyError: A device that is no canary has the name of one; nothing was asked for.
            SettingsError: There is no restricted bucket, so that nobody could be restricted.
            RetryableError: A store or Kafka does not answer; call again.
        """
        if not (here := [one for one in canaries() if self._is_here(one)]):
            return []
        _ = self.steps.searcher.estate.pairs  # refused before anything is asked for
        entries = self.office.ledger.entries()
        found, known = series_here(self.office, here, entries), register(entries)
        asleep = [one for one in found if one.is_new and is_erased(one.device, self.steps.roll)]
        self.steps.bind([one.device for one in asleep])
        awake = [one for one in found if one not in asleep]
        for one in awake:
            one.begin(known)
        return [*(_pending(one, _ASLEEP) for one in asleep), *self._through(awake)]

    def _is_here(self, canary: Canary) -> bool:
        said = self.steps.roll.of(canary.device).registration
        if said is None or canary.region != self.office.region:
            return False
        if not canary.is_registered_as(said.vendor, said.account, said.country):
            raise PolicyError(
                f"{canary.device}: somebody else's device is registered under this canary's name, "
                "with another vendor, account or country: it is not drilled"
            )
        return True

    def _through(self, found: Sequence[Series]) -> Iterator[Outcome]:
        """Every step, of all canaries together as far as each comes."""
        going = list(found)
        for step in STEPS:
            asking = [one for one in going if step in one.left]
            troubles = _ASKED[step](self.steps, asking) if asking else {}
            for one in asking:
                if trouble := troubles.get(one.device):
                    going.remove(one)
                    yield _stopped(one, step, trouble)
                else:
                    one.answer(step)
        for one in going:
            one.tell(PASSED)
            yield Outcome(one.canary.vendor, PASSED)


def _stopped(one: Series, step: Right, trouble: Trouble) -> Outcome:
    said = f"{step}: {trouble.why}"
    if trouble.passes:
        return _pending(one, said)
    one.tell(FAILED, step)
    return Outcome(one.canary.vendor, FAILED, said)


def _pending(one: Series, why: str) -> Outcome:
    return Outcome(one.canary.vendor, PENDING, why)
