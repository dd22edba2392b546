"""One text for one value: what is signed, hashed or compared is written so."""

import hashlib

import msgspec


def canonical_json(value: object) -> bytes:
    """JSON with sorted keys and no spaces: equal values give equal bytes.

    Only text, whole numbers, booleans, null, and lists and mappings of them belong in it: how a
    fraction is written is nobody's law.
    """
    return msgspec.json.encode(value, order="sorted")


def digest(data: bytes) -> str:
    """SHA-256, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()
