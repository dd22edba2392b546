"""Which files are opened: all, or a sample that anybody can draw again from its seed."""

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from jobs.verify.stored.files import StoredFile

AT_LEAST = 3_000
"""Files that a sample has, where there are as many."""

_OF_OTHERS = 300
"""Of what is no data file: a bucket's objects, a log's entries; the newest third, and others."""

_Thing = TypeVar("_Thing")

Stratum = tuple[str, str, str, str]
"""Bucket, region, table and date: none of them is left out."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How files are chosen.

    Attributes:
        seed: The same seed chooses the same of the same files.
        at_least: So many are chosen, and of each stratum one.
        deep: All are.
    """

    seed: int = 0
    at_least: int = AT_LEAST
    deep: bool = False

    def choose(self, files: Iterable[StoredFile]) -> list[StoredFile]:
        """The files to open, in the order of their keys.

        Deterministic, in whatever order the files come; of each stratum as large a share as of all.
        """
        strata: dict[Stratum, list[StoredFile]] = defaultdict(list)
        for file in files:
            strata[file.stratum].append(file)
        total = sum(map(len, strata.values()))
        if self.deep or total <= self.at_least:
            chosen = [file for some in strata.values() for file in some]
        else:
            chosen = [one for some in strata.values() for one in self._drawn(some, total)]
        return sorted(chosen, key=lambda file: (file.bucket, file.key))

    def some(self, found: Sequence[_Thing]) -> list[_Thing]:
        """The newest of what stands in order, and others by lot; all, where there are few."""
        if self.deep or len(found) <= _OF_OTHERS:
            return list(found)
        newest = _OF_OTHERS // 3
        lot = random.Random(self.seed)  # noqa: S311 - a sample
        older = lot.sample(found[:-newest], _OF_OTHERS - newest)
        return [*older, *found[-newest:]]

    def instead(
        self,
        gone: Sequence[StoredFile],
        came: Iterable[StoredFile],
        others: Iterable[StoredFile],
    ) -> list[StoredFile]:
        """The files to open in the place of some that were gone by then.

        A sample keeps its size, where there are as many; with `deep` all that came is opened.

        Args:
            came: Files that came where those lay: rows may have gone into them.
            others: Files that were not chosen.
        """
        new = sorted(came, key=self._lot)
        return new if self.deep else [*new, *sorted(others, key=self._lot)][: len(gone)]

    def _drawn(self, files: Sequence[StoredFile], total: int) -> list[StoredFile]:
        count = -(-self.at_least * len(files) // total)  # rounded up, so at least one
        return sorted(files, key=self._lot)[:count]

    def _lot(self, file: StoredFile) -> bytes:
        text = f"{self.seed}/{file.bucket}/{file.key}"
        return hashlib.blake2b(text.encode(), digest_size=16).digest()
