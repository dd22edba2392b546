"""Marks: what officers say of a device, among the registrations, so that both have one order.

A mark is a record of `fleet.devices` under a key of its own, `mark/<canonical device id>`. The
newest replaces the one before it whole; a tombstone says that nothing is left to be said. A record
is judged by the mark that was there when it came: the same on every try.
"""

from typing import Annotated

import msgspec

from schemas.privacy import canonical
from schemas.tables.declare import Identifier, Microseconds, Word

RESTRICTED = "restricted"
STOPPED = "stopped"
ERASED = "erased"
"""Why a marked device's records are withheld: fixed phrases, by which receipts count."""

_PREFIX = b"mark/"


class Mark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for a device until the next mark of it.

    Attributes:
        device: Its id; case and separators do not matter.
        restricted: Its rows are put aside, and no new ones are stored.
        stopped: No new ones are stored.
        erased: The moment up to which its owner's rows are gone, microseconds since 1970 in UTC;
            new ones are stored again when the device is bound after it. None: nobody's are.
        holds: Names of the holds that its rows are under, those to come included.
    """

    device: Identifier
    restricted: bool = False
    stopped: bool = False
    erased: Microseconds | None = None
    holds: Annotated[tuple[Word, ...], msgspec.Meta(max_length=64)] = ()

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.restricted or self.stopped or self.erased is not None or self.holds)


def mark_key(device: str) -> bytes:
    """The key of the device's marks: one, however its id is written."""
    return _PREFIX + canonical(device).encode()


def marked_device(record_key: bytes | None) -> str | None:
    """The canonical id of the device that a record of `fleet.devices` marks; None: it is no mark.

    Raises:
        UnicodeDecodeError: A mark's key that is no text.
    """
    if record_key is None or not record_key.startswith(_PREFIX):
        return None
    return record_key.removeprefix(_PREFIX).decode()


def encode(mark: Mark) -> bytes | None:
    """The value of a mark's record; None, a tombstone, where it says nothing."""
    return msgspec.json.encode(mark) if mark else None


def decode(value: bytes | None) -> Mark | None:
    """Read `encode`'s value back; None: nothing is said any more.

    Raises:
        msgspec.DecodeError: It is no mark; the error may quote it.
    """
    return None if value is None else _DECODER.decode(value)


_DECODER = msgspec.json.Decoder(Mark)
