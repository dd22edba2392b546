"""The ledger of a region as a value: entries that are signed and chained, and anchors of its head.

Each entry names the SHA-256 of the one before, and is signed (Ed25519). An anchor, kept in another
store, names a number and the digest of the entry with it. What `check` finds, and what it cannot:

* whoever has no signing key cannot change, insert, reorder or take out any entry unnoticed; he can
  cut off the newest entries unnoticed as far as no anchor names them;
* whoever has the signing key can do anything unnoticed behind the newest anchor; up to it, nothing;
* whoever can also take anchors away from the other store shortens what is covered to the newest
  anchor that is left. So the anchor's age is part of every verdict.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Self

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.acts import Act
from schemas.canonical import canonical_json, digest

_ENTRY, _ANCHOR = b"fortnight/ledger/entry\n", b"fortnight/ledger/anchor\n"
"""What a signature is of, so that none can be taken for another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An act in its place.

    Attributes:
        number: 0, 1, 2, ... without gap.
        previous: Digest of the entry before, as it was stored; empty at the first.
        time: When its writer says it was done, UTC.
        mark: Random; tells two acts apart that are alike.
    """

    region: str
    number: int
    previous: str
    time: datetime
    mark: str
    act: Act

    def seal(self, key: Ed25519PrivateKey) -> bytes:
        """The entry as it is stored: canonical, signed."""
        return _signed(asdict(self), key, _ENTRY)

    @classmethod
    def open(cls, data: bytes, public: Ed25519PublicKey) -> Self:
        """Read what `seal` made.

        Raises:
            ValueError: It is not an entry, not canonical, or not signed by that key.
        """
        return msgspec.convert(_verified(data, public, _ENTRY), cls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What another store remembers of the ledger.

    Attributes:
        number: Of an entry.
        digest: Of that entry, as it was stored.
    """

    region: str
    number: int
    digest: str

    def seal(self, key: Ed25519PrivateKey) -> bytes:
        """The anchor as it is stored."""
        return _signed(asdict(self), key, _ANCHOR)

    @classmethod
    def open(cls, data: bytes, public: Ed25519PublicKey) -> Self:
        """Read what `seal` made.

        Raises:
            ValueError: It is not an anchor, or not signed by that key.
        """
        return msgspec.convert(_verified(data, public, _ANCHOR), cls)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found.

    Attributes:
        entries: Those that could be read, in order.
        findings: What is wrong, in words; empty where nothing is.
        anchored: Number of the newest anchored entry; -1 for none: up to it, any change would have
            been found.
    """

    entries: tuple[Entry, ...]
    findings: tuple[str, ...]
    anchored: int

    @property
    def unanchored(self) -> int:
        """How many entries no anchor names: the newest, which could be cut off unnoticed."""
        return len(self.entries) - 1 - self.anchored


def check(
    region: str,
    stored: Mapping[int, bytes],
    anchors: Mapping[int, bytes],
    public: Ed25519PublicKey,
) -> Verdict:
    """Prove a ledger from stored bytes alone.

    Args:
        region: Whose ledger it has to be.
        stored: Number -> the entry's bytes.
        anchors: Number -> the anchor's bytes, from the other store.
        public: The ledger's; from somewhere else than from the ledger.
    """
    findings = _gaps(sorted(stored))
    entries: list[Entry] = []
    for number in sorted(stored):
        try:
            entry = Entry.open(stored[number], public)
        except ValueError as error:
            findings.append(f"entry {number}: {error}")
            continue
        entries.append(entry)
        findings += _misplaced(entry, region, number, stored)
    anchored = -1
    for number in sorted(anchors):
        if wrong := _wrong(anchors[number], (region, number), stored, public):
            findings.append(f"anchor {number}: {wrong}")
        else:
            anchored = number
    return Verdict(tuple(entries), tuple(findings), anchored)


def _gaps(numbers: Sequence[int]) -> list[str]:
    return [
        f"entries {before + 1} to {after - 1} are missing"
        for before, after in pairwise([-1, *numbers])
        if after != before + 1
    ]


def _misplaced(entry: Entry, region: str, number: int, stored: Mapping[int, bytes]) -> list[str]:
    found = []
    if (entry.region, entry.number) != (region, number):
        found.append(f"entry {number}: it says that it is entry {entry.number} of {entry.region}")
    before = stored.get(number - 1)
    if before is not None and entry.previous != digest(before):
        found.append(f"entry {number}: the entry before is not the one that it was written after")
    if number == 0 and entry.previous:
        found.append("entry 0: there was an entry before it")
    return found


def _wrong(
    data: bytes, place: tuple[str, int], stored: Mapping[int, bytes], public: Ed25519PublicKey
) -> str:
    region, number = place
    try:
        anchor = Anchor.open(data, public)
    except ValueError as error:
        return str(error)
    if (anchor.region, anchor.number) != (region, number):
        return "it is the anchor of something else"
    if number not in stored:
        return "the ledger was cut before it"
    if digest(stored[number]) != anchor.digest:
        return "the ledger has another entry there"
    return ""


def _signed(said: Mapping[str, Any], key: Ed25519PrivateKey, what: bytes) -> bytes:
    return _document(said, key.sign(what + canonical_json(said)))


def _document(said: Mapping[str, Any], signature: bytes) -> bytes:
    return canonical_json({"said": said, "signature": base64.b64encode(signature).decode()})


def _verified(data: bytes, public: Ed25519PublicKey, what: bytes) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(data)
        said, signature = document["said"], base64.b64decode(document["signature"])
    except (ValueError, KeyError, TypeError):
        raise ValueError("it cannot be read") from None
    if not isinstance(said, dict) or _document(said, signature) != data:
        raise ValueError("it is not written as the ledger writes")
    try:
        public.verify(signature, what + canonical_json(said))
    except InvalidSignature:
        raise ValueError("its signature is not the ledger's") from None
    return said
