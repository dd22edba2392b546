"""Registrations: who a robot belongs to, where, and what its owner consented to.

`fleet.devices` has one partition and is read into the registry; it is no table of the lake. What
officers say of a device is among its records too (`schemas.marks`), under keys of its own: no
device's id begins with `mark/`.
"""

from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from schemas.tables.declare import Identifier, Microseconds, Word

DEVICES_TOPIC = "fleet.devices"

COMPACTED_AFTER = timedelta(hours=24)
"""What a device's next record superseded is gone from the topic after this, and a segment's age;
not before, so that whoever reads it knows all that was said within this time (DESIGN section 5).
"""

ConsentName = Literal["telemetry", "maps", "history", "location"]
"""What an owner says yes or no to."""

Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""


class Consent(msgspec.Struct, frozen=True, gc=False):
    """What an owner said to one use of data, and since when."""

    name: ConsentName
    granted: bool
    since: Microseconds


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A registration as the account service publishes it, keyed by device id."""

    device: Identifier
    vendor: Word
    model: Word
    country: Country
    account: Identifier
    bound_since: Microseconds | None = None
    consents: Annotated[tuple[Consent, ...], msgspec.Meta(max_length=16)] = ()
