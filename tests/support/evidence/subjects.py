"""Devices that officers act on, and what has to have become of their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from support.evidence.oracle import EVERY_CONSENT, REGION_OF, Registration, Rulings

_EACH = 3
"""Of each kind: an officer rewrites nearly every file as soon as it has some more."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """Devices of the EU, of whom all records are stored that are good.

    Attributes:
        first: Are erased in the midst of it.
        last: Are erased at the end.
        restricted: Their rows are put aside, and stay there.
        lifted: Theirs too, and come back.
        held: Some of each, and others of whom nothing else is asked.
    """

    first: tuple[str, ...]
    last: tuple[str, ...]
    restricted: tuple[str, ...]
    lifted: tuple[str, ...]
    held: tuple[str, ...]

    @classmethod
    def of(cls, fleet: Sequence[Registration], now: int) -> "Subjects":
        """Choose them among those who are registered once and for all.

        Args:
            fleet: As it was registered.
            now: Microseconds since 1970 in UTC.
        """
        steady = [one.device for one in fleet if _is_steady(one, now)]
        first, last, restricted, lifted, others = (
            tuple(steady[place : place + _EACH]) for place in range(0, 5 * _EACH, _EACH)
        )
        held = (first[0], last[0], restricted[0], lifted[0], *others)
        return cls(first, last, restricted, lifted, held)

    @property
    def rulings(self) -> Rulings:
        """What officers have done once all of it is done."""
        return Rulings(
            "eu",
            erased=frozenset(self.first + self.last),
            restricted=frozenset(self.restricted),
            lifted=frozenset(self.lifted),
            held=frozenset(self.held),
        )


def names_of(devices: Sequence[str], folder: Path) -> str:
    """A file that names them, as officers' commands read it."""
    path = folder / f"of-{len(devices)}-from-{devices[0].lower()}"
    path.write_text("".join(f"device:{device}\n" for device in devices), "utf-8")
    return str(path)


def _is_steady(one: Registration, now: int) -> bool:
    is_here = REGION_OF.get(one.country) == "eu" and one.vendor == "360-robot-vacuum"
    is_bound = one.bound_since is None or one.bound_since < now
    return is_here and is_bound and one.consents >= EVERY_CONSENT - {"location"}
