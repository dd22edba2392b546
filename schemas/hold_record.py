"""What a hold's record says: which rows are held, by the pseudonyms that they are stored under.

Whoever expires rows has no keyring: the record is how it knows them. It holds the hold's own key,
wrapped, under which copies get other pseudonyms, so it lies where no analyst reads.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

import msgspec

from schemas.canonical import canonical_json
from schemas.errors import IntegrityError
from schemas.regions import Region
from schemas.wrapping import Label, Wrapped

_FORMAT = 1

Names = tuple[str, ...]
"""A device's pseudonyms, under each version of the keyring that the hold knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRecord:
    """A hold as whoever takes rows away has to know it.

    Attributes:
        placed: When, UTC.
        tables: Names of those whose rows are held.
        since: Rows with an earlier event time are not held; None for all of before.
        until: Nor are those of that moment and later; None for all that come.
        devices: Pseudonyms, device by device.
        wrapped: The hold's own key.
    """

    name: str
    region: Region
    placed: datetime
    tables: tuple[str, ...]
    since: datetime | None = None
    until: datetime | None = None
    devices: tuple[Names, ...] = field(repr=False)
    wrapped: Wrapped = field(repr=False)

    @property
    def label(self) -> Label:
        """What its key is wrapped as."""
        return label_of(self.name, self.region)

    @property
    def names(self) -> frozenset[str]:
        """Every pseudonym that held rows are stored under."""
        return frozenset(name for names in self.devices for name in names)

    @property
    def stand_ins(self) -> Mapping[str, str]:
        """Pseudonym -> the one that stands for all of its device's."""
        return {name: names[0] for names in self.devices for name in names}

    def extended(self, devices: Iterable[Names]) -> Self:
        """With more pseudonyms of the devices that it knows, and with devices that it does not."""
        known = {name: place for place, names in enumerate(self.devices) for name in names}
        found = [list(names) for names in self.devices]
        for names in devices:
            place = next((known[name] for name in names if name in known), None)
            if place is None:
                found.append(list(names))
            else:
                found[place] += [name for name in names if name not in known]
        return replace(self, devices=tuple(map(tuple, found)))

    def is_known_by(self, devices: Sequence[Names]) -> bool:
        """Whether each of its devices is among these."""
        theirs = {name for names in devices for name in names}
        return all(not theirs.isdisjoint(names) for names in self.devices)

    def format(self) -> bytes:
        """The record as it is stored."""
        said: dict[str, Any] = {
            "format": _FORMAT,
            "name": self.name,
            "region": self.region,
            "placed": self.placed,
            "tables": self.tables,
            "since": self.since,
            "until": self.until,
            "devices": self.devices,
            "wrapped": self.wrapped,
        }
        return canonical_json(said)

    @classmethod
    def parse(cls, data: bytes, name: str) -> Self:
        """Read what `format` wrote.

        Args:
            name: The hold's, as its place says.

        Raises:
            IntegrityError: It is not that hold's record.
        """
        try:
            record = msgspec.json.decode(data, type=cls)
        except msgspec.DecodeError:
            raise IntegrityError(f"hold {name}: its record cannot be read") from None
        if record.name != name:
            raise IntegrityError(f"hold {name}: its record is another hold's")
        return record


def label_of(name: str, region: Region) -> Label:
    """What a hold's key is wrapped as."""
    return {"region": region, "version": f"hold {name}"}
