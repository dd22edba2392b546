"""The ledger of a region in its bucket, and its anchors in another store.

    _ledger/00000000000000000017.json        in the region's bucket
    eu/00000000000000000017.json             in the anchors' store

An entry's number is its object key, and it is put only where there is none, so of several writers
one gets the number and the others read again: the chain cannot fork. Whoever appends first looks
whether the ledger still holds what its newest anchor says.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas.acts import Act
from schemas.canonical import digest
from schemas.errors import ConflictError, IntegrityError, RetryableError
from schemas.ledger import Anchor, Entry, Verdict, check
from schemas.ledger_keys import LedgerKey
from schemas.regions import Region
from storage.store import ObjectInfo, ObjectStore

FOLDER = "_ledger"
_NAME = "{}/{:020}.json"
_TRIES = 100
"""Of writers that meet; each round one of them gets its number."""

_PATIENCE = 3
"""Calls without an answer before the caller has to wait."""

_AT_ONCE = 16

_Written = tuple[Entry, bytes]
"""An entry, and how it is stored."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry that is in the ledger.

    Attributes:
        anchored: Whether the other store knows of it already; else `anchor` it later.
    """

    entry: Entry
    anchored: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """A ledger's verdict, and how fresh its anchor is.

    Attributes:
        anchor_time: When the newest anchor was put, UTC, by its store's clock; None for none.
        strays: Object keys that lie among the entries or anchors, and are neither.
    """

    verdict: Verdict
    anchor_time: datetime | None
    strays: tuple[str, ...]


class Ledger:
    """A region's ledger; threads may share it.

    Raises (every method):
        RetryableError: A store does not answer.
    """

    def __init__(
        self, region: Region, store: ObjectStore, anchors: ObjectStore, public: Ed25519PublicKey
    ) -> None:
        """Look at a ledger; nothing is asked yet.

        Args:
            anchors: A store that whoever may write to `store` may not take from.
            public: The ledger's, from somewhere else than from the ledger.
        """
        self.region = region
        self._store = store
        self._anchors = anchors
        self._public = public

    def __str__(self) -> str:
        return f"ledger of {self.region}"

    def append(self, act: Act, key: LedgerKey, now: datetime) -> Recorded:
        """Write an act at the ledger's end, and anchor it.

        Durable when it returns, and there once also where answers were lost. Of several at once
        each gets a number of its own.

        Raises:
            IntegrityError: The ledger is not what its anchor says: nothing was written.
            RetryableError: It may be written, or not.
        """
        entry, data = self._put(act, key, now)
        return Recorded(entry, self._anchor(entry.number, digest(data), key))

    def anchor(self, key: LedgerKey) -> int:
        """Anchor the newest entry; its number, -1 where the ledger is empty.

        Raises:
            IntegrityError: The ledger is not what its anchor says.
        """
        number, head = self._head()
        if number >= 0:
            self._put_anchor(number, head, key)
        return number

    def entries(self) -> list[Entry]:
        """Every entry, in order.

        Raises:
            IntegrityError: The ledger was tampered with.
        """
        anchors = _numbered(self._anchors, self.region)
        verdict = self._check(anchors)
        if verdict.findings:
            raise IntegrityError(f"{self}: {verdict.findings[0]}")
        return list(verdict.entries)

    def prove(self) -> Proof:
        """Check all stored bytes, of the ledger and of its anchors."""
        anchors = _numbered(self._anchors, self.region)
        verdict = self._check(anchors)
        newest = anchors.get(verdict.anchored)
        strays = [*_strays(self._store, FOLDER), *_strays(self._anchors, self.region)]
        return Proof(verdict, newest.modified if newest else None, tuple(strays))

    def _check(self, anchors: dict[int, ObjectInfo]) -> Verdict:
        """Check stored bytes; anchors are listed before entries, as an entry is put before its."""
        entries = _read(self._store, _numbered(self._store, FOLDER))
        return check(self.region, entries, _read(self._anchors, anchors), self._public)

    def _put(self, act: Act, key: LedgerKey, now: datetime) -> _Written:
        write = partial(Entry, region=self.region, time=now, mark=uuid4().hex, act=act)
        tried: list[_Written] = []
        unanswered = 0
        for _ in range(_TRIES):
            try:
                return self._try(write, key, tried)
            except ConflictError:  # somebody else got the number, or it was one's own after all
                continue
            except RetryableError:
                unanswered += 1
                if unanswered == _PATIENCE:
                    raise
        raise ConflictError(f"{self}: others are always first")

    def _try(self, write: Callable[..., Entry], key: LedgerKey, tried: list[_Written]) -> _Written:
        number, head = self._head()
        if tried and self._is_there(*tried[-1]):
            return tried[-1]
        entry = write(number=number + 1, previous=head)
        tried.append((entry, entry.seal(key.signing)))
        self._store.put(_NAME.format(FOLDER, entry.number), tried[-1][1], only_if_absent=True)
        return tried[-1]

    def _is_there(self, entry: Entry, data: bytes) -> bool:
        try:
            return self._store.get(_NAME.format(FOLDER, entry.number)) == data
        except KeyError:
            return False

    def _head(self) -> tuple[int, str]:
        """Number and digest of the newest entry; -1 and nothing where there is none."""
        anchors = _numbered(self._anchors, self.region)
        number = max(_numbered(self._store, FOLDER), default=-1)
        if anchors:
            self._compare(max(anchors))
        if number < 0:
            return number, ""
        data = self._store.get(_NAME.format(FOLDER, number))
        return number, digest(data)

    def _compare(self, number: int) -> None:
        """See that the ledger holds what an anchor says."""
        try:
            found = digest(self._store.get(_NAME.format(FOLDER, number)))
        except KeyError:
            raise IntegrityError(f"{self}: entry {number} is anchored, and is gone") from None
        data = self._anchors.get(_NAME.format(self.region, number))
        try:
            said = Anchor.open(data, self._public)
        except ValueError as error:
            raise IntegrityError(f"{self}: anchor {number}: {error}") from None
        if said.digest != found:
            raise IntegrityError(f"{self}: entry {number} is not the one that was anchored")

    def _anchor(self, number: int, head: str, key: LedgerKey) -> bool:
        try:
            self._put_anchor(number, head, key)
        except RetryableError:  # the act is done and written down: the next one anchors it too
            return False
        return True

    def _put_anchor(self, number: int, head: str, key: LedgerKey) -> None:
        name = _NAME.format(self.region, number)
        data = Anchor(region=self.region, number=number, digest=head).seal(key.signing)
        try:
            self._anchors.put(name, data, only_if_absent=True)
        except ConflictError:  # never replaced, so that its store need not allow it
            if self._anchors.get(name) != data:
                raise IntegrityError(f"{self}: entry {number} is anchored otherwise") from None


def _numbered(store: ObjectStore, folder: str) -> dict[int, ObjectInfo]:
    """Number -> what a listing says of it."""
    found = {}
    for info in store.list(f"{folder}/"):
        stem = info.key.rpartition("/")[2].removesuffix(".json")
        if stem.isdecimal() and info.key == _NAME.format(folder, int(stem)):
            found[int(stem)] = info
    return found


def _strays(store: ObjectStore, folder: str) -> list[str]:
    named = {info.key for info in _numbered(store, folder).values()}
    return [info.key for info in store.list(f"{folder}/") if info.key not in named]


def _read(store: ObjectStore, infos: dict[int, ObjectInfo]) -> dict[int, bytes]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        data = pool.map(lambda info: store.get(info.key), infos.values())
        return dict(zip(infos, data, strict=True))
