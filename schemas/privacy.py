"""What a column may say about a person, and how identifiers become pseudonyms.

A field's privacy class, unit and purpose are its Arrow metadata, so they travel into every
Parquet file and table log. Code asks the schema, never a list of names.
"""

import hashlib
import hmac
import string
from collections.abc import Iterable
from enum import StrEnum

import pyarrow as pa

DIGEST_BYTES = 16
"""128 bits of HMAC-SHA-256: no collision is expected below 2**64 identifiers."""

_SEPARATORS = str.maketrans(dict.fromkeys(string.whitespace + ":._-"))


class Privacy(StrEnum):
    """What a field says about a person."""

    IDENTIFIER = "identifier"
    """Names a subject or device: only ever stored as a pseudonym."""
    PSEUDONYM = "pseudonym"
    """A keyed hash of an identifier (GDPR Art. 4(5))."""
    QUASI_IDENTIFIER = "quasi-identifier"
    """Narrows down who it is: only ever stored generalised."""
    GENERALISED = "generalised"
    """A quasi-identifier after it was made coarser."""
    MEASURE = "measure"
    """What the robot measured or did."""
    MAP = "map"
    """Shows a home, whatever is done to the other columns."""
    LINEAGE = "lineage"
    """Where the row comes from; says nothing about a person."""


FORBIDDEN_AT_REST = (Privacy.IDENTIFIER, Privacy.QUASI_IDENTIFIER)
"""Classes that storage refuses."""


class Domain(StrEnum):
    """What an identifier names: the same text in two domains gives unlinkable pseudonyms."""

    DEVICE = "device"
    SESSION = "session"
    MAP = "map"
    MOTION = "motion"
    """No pseudonym: how a device's maps are moved, where that is wanted."""


def column(
    name: str,
    kind: pa.DataType,
    *,
    privacy: Privacy,
    purpose: str,
    unit: str = "",
    note: str = "",
) -> pa.Field:
    """Declare a column with what everyone who meets it must know."""
    words = {"privacy": str(privacy), "purpose": purpose, "unit": unit, "note": note}
    return pa.field(name, kind, metadata={key: text for key, text in words.items() if text})


def privacy_of(field: pa.Field) -> Privacy:
    """The field's privacy class.

    Raises:
        ValueError: The field declares none, so nobody thought about it.
    """
    declared = (field.metadata or {}).get(b"privacy")
    if declared is None:
        raise ValueError(f"column {field.name} declares no privacy class")
    return Privacy(declared.decode())


def columns_with(schema: pa.Schema, *classes: Privacy) -> list[str]:
    """Names of the columns of these privacy classes, in schema order."""
    return [field.name for field in schema if privacy_of(field) in classes]


def canonical(identifier: str) -> str:
    """The identifier without what people write differently: case and separators."""
    return identifier.translate(_SEPARATORS).casefold()


def domain_key(secret: bytes, domain: Domain) -> bytes:
    """The key of one domain: HKDF-Expand of the version's secret (RFC 5869, one block)."""
    return hmac.digest(secret, b"fortnight/" + domain.encode() + b"\x01", hashlib.sha256)


def pseudonyms(identifiers: Iterable[str], key: bytes, version: int) -> list[str]:
    """One pseudonym an identifier, `k<version>:<32 hex digits>`.

    Equal exactly when the canonical identifiers are equal.

    Args:
        identifiers: As the robot sent them.
        key: Of one region, version and domain; see `domain_key`.
        version: Of the keyring; a row says under which version its pseudonyms were made.
    """
    prefix = f"k{version}:"
    return [
        prefix + hmac.digest(key, canonical(text).encode(), hashlib.sha256)[:DIGEST_BYTES].hex()
        for text in identifiers
    ]
