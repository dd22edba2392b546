"""The group of workers over time: rebalances are seen by what they leave behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.kafka.groups import GroupDescription
from jobs.watch.state import Group
from jobs.watch.verdict import Verdict, summed

_SETTLED = frozenset({"Stable", "Empty", "Dead"})
_Assignment = frozenset[tuple[str, tuple[tuple[str, int], ...]]]


@dataclass(slots=True)
class Membership:
    """Counts the times that a settled group has another assignment than before."""

    group: str
    _assignment: _Assignment | None = None
    _rebalances: int = 0
    _rebalanced: datetime | None = None

    def state(self, seen: GroupDescription, verdicts: Sequence[Verdict], now: datetime) -> Group:
        """The group as it is.

        Args:
            seen: By its coordinator.
            verdicts: Of its partitions.
            now: The time; later than the last.
        """
        assignment = frozenset((one.consumer_id, one.partitions) for one in seen.members)
        if seen.state in _SETTLED:
            if self._assignment not in {None, assignment}:
                self._rebalances += 1
                self._rebalanced = now
            self._assignment = assignment
        return Group(
            self.group,
            seen.state,
            seen.members,
            self._rebalances,
            self._rebalanced,
            summed(verdicts),
        )
