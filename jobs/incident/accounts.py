"""From pseudonyms to accounts, computed forward: each registered robot's pseudonyms are made.

Nobody can go the other way; a robot that is registered no more stays a pseudonym.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from jobs.holds.renaming import VERSION
from jobs.subjects.roll import Listed, Roll
from jobs.subjects.subject import names
from schemas.hold_record import HoldRecord
from schemas.keyring import Keyring
from schemas.privacy import Domain, domain_key, pseudonyms
from schemas.regions import Region

_HEADS = ("account", "device", "vendor", "model", "country")


@dataclass(frozen=True, slots=True)
class Computing:
    """Makes every name that rows of a robot have in a region.

    Attributes:
        keyring: Its secrets of the region opened.
        holds: Each hold, and its own key.
    """

    region: Region
    keyring: Keyring = field(repr=False)
    holds: tuple[tuple[HoldRecord, bytes], ...] = field(default=(), repr=False)

    def names(self, device: str) -> frozenset[str]:
        """A robot's pseudonyms, under every live version, and in held copies."""
        mine = names([device], self.keyring, self.region)
        held = frozenset(
            one
            for hold, secret in self.holds
            for one in pseudonyms(
                {hold.stand_ins[name] for name in mine & hold.names},
                domain_key(secret, Domain.DEVICE),
                VERSION,
            )
        )
        return mine | held


def is_among(
    exposed: frozenset[str], names_of: Callable[[str], Iterable[str]]
) -> Callable[[Listed], bool]:
    """Whether a registered robot is one of those whose names are exposed."""

    def keeps(listed: Listed) -> bool:
        return not exposed.isdisjoint(names_of(listed.device))

    return keeps


def as_csv(roll: Roll) -> bytes:
    """Whom to tell: a line for each robot, by account."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADS)
    writer.writerows(sorted(_lines(roll)))
    return text.getvalue().encode()


def _lines(roll: Roll) -> Iterator[tuple[str, ...]]:
    for one in roll.devices.values():
        known = one.registration or one.former
        if known:
            yield known.account, known.device, known.vendor, known.model, known.country
