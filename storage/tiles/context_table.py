"""A table that predicts: what each context says about each question.

Made by `fortnight maps train`; those that there are lie in `tables`.
"""

import hashlib
import itertools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from schemas.errors import IntegrityError
from storage.tiles.model.decisions import SIZES, Contexts, Question
from storage.tiles.rans import PRECISION, Uints

STEPS = 16
"""Table entries are log-odds in sixteenths."""
_LIMIT = 10 * STEPS
Entries = NDArray[np.int8]


def _squash() -> Uints:
    """Log-odds to chances, in decimal arithmetic: floating point may differ between machines."""
    odds = (Decimal(-step) / STEPS for step in range(-_LIMIT, _LIMIT + 1))
    chances = [round((1 << PRECISION) / (1 + odd.exp())) for odd in odds]
    return np.clip(chances, 1, (1 << PRECISION) - 1).astype(np.uint32)


@dataclass(frozen=True, slots=True)
class ContextTable:
    """A version of the table.

    Attributes:
        version: What a chunk names it by, 1 to 255.
        digest: SHA-256 of the entries, hexadecimal; for the metadata of a file.
        base: Question -> log-odds before any context speaks.
        entries: Question -> one array of entries a context.
    """

    version: int
    digest: str
    base: Mapping[Question, int]
    entries: Mapping[Question, Sequence[NDArray[np.int16]]]
    squash: Uints

    def chances(self, question: Question, contexts: Contexts) -> Uints:
        """(m,) chance of a yes, in 1/16384; the same on every machine."""
        odds = np.full(len(contexts[0]), self.base[question] + _LIMIT, np.int16)
        for entries, context in zip(self.entries[question], contexts, strict=True):
            odds += entries.take(context)
        return self.squash.take(odds, mode="clip")


def pack(base: Mapping[Question, int], entries: Mapping[Question, Sequence[Entries]]) -> bytes:
    """The bytes of a table file: for every question its base, then its entries; deflated."""
    raw = b"".join(
        np.int8(base[question]).tobytes() + b"".join(part.tobytes() for part in entries[question])
        for question in Question
    )
    return zlib.compress(raw, 9)


def unpack(version: int, data: bytes) -> ContextTable:
    """Read a table file.

    Raises:
        IntegrityError: It is not one that `pack` wrote for these questions.
    """
    try:
        raw = np.frombuffer(zlib.decompress(data), np.int8)
    except zlib.error as error:
        raise IntegrityError("the context table is damaged") from error
    if len(raw) != sum(1 + sum(sizes) for sizes in SIZES.values()):
        raise IntegrityError("the context table is not for this codec")
    base: dict[Question, int] = {}
    entries: dict[Question, list[NDArray[np.int16]]] = {}
    at = 0
    for question in Question:
        sizes = SIZES[question]
        base[question] = int(raw[at])
        bounds = at + 1 + np.cumsum((0, *sizes))
        parts = [raw[a:b] for a, b in itertools.pairwise(bounds)]
        entries[question] = [part.astype(np.int16) for part in parts]
        at = int(bounds[-1])
    return ContextTable(
        version, hashlib.sha256(raw.tobytes()).hexdigest(), base, entries, _squash()
    )
