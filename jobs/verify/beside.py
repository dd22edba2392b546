"""What is no row: every object's name, other objects' bytes, old versions, metadata and tags."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from jobs.verify.sample import Sampling
from jobs.verify.scene import Bucket, refusal
from jobs.verify.seen import Words
from jobs.verify.stored.files import read_key
from jobs.verify.stored.footers import has_rows, search_any
from jobs.verify.stored.leaks import Search
from jobs.verify.stored.listing import Listing
from schemas.errors import FortnightError
from storage.s3 import Inspection

_WITH_ROWS = frozenset({"data", "held"})
"""Kinds of objects that are files of rows."""
_KEYS_TOGETHER = 1000
_BESIDE_SAMPLE = 50
"""Objects of each sort whose metadata and tags are read, without `--deep`."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Searches what is beside rows.

    Attributes:
        words: Is told what is found.
        unseen: Place -> why what is there could not be read; is added to.
    """

    sampling: Sampling
    search: Search
    words: Words
    unseen: dict[str, str]

    def look(self, bucket: Bucket, listing: Listing) -> None:
        """Search a bucket."""
        for key in _suspicious(listing, self.search):
            for leak in self.search(key.encode()):
                self.words.leak(f"{bucket.name}/{key}", "an object's name", leak)
        if not listing.refused:
            self._into(bucket, listing)
            if bucket.where is not None:
                inspection = Inspection(bucket.where)
                self._below(inspection, bucket.name, listing)
                self._around(inspection, bucket.name, listing)

    def _into(self, bucket: Bucket, listing: Listing) -> None:
        """Search objects that are no data files: checkpoints, ledgers, whatever is there."""
        for key in self.sampling.some(listing.others):
            try:
                data = bucket.store.get(key)
            except KeyError:  # cleaned meanwhile
                continue
            except FortnightError as error:
                self.unseen[f"{bucket.name}, beside data"] = refusal(error)
                return
            place = f"{bucket.name}/{key}"
            self._at(place, data)
            if read_key(key).kind not in _WITH_ROWS and has_rows(data):
                listing.strays.add(place, "rows where none belong: nobody says when they must go")

    def _below(self, inspection: Inspection, name: str, listing: Listing) -> None:
        """Search versions that readers do not see: they are bytes too."""
        for key, version in self.sampling.some([one for one in listing.old if one[1]]):
            try:
                data = inspection.old_version(key, version)
            except KeyError:  # gone meanwhile
                continue
            except FortnightError as error:
                self.unseen[f"{name}, old versions"] = refusal(error)
                return
            self._at(f"{name}/{key}", data, "an old version, ")

    def _around(self, inspection: Inspection, name: str, listing: Listing) -> None:
        """Search what is written beside objects' bytes."""
        for key in self._drawn(listing):
            try:
                words = inspection.words(key)
            except KeyError:  # expired meanwhile
                continue
            except FortnightError as error:
                self.unseen[f"{name}, beside objects"] = refusal(error)
                return
            place = f"{name}/{key}"
            self.words.texts += 1
            for what, text in words.items():
                self.words.names.append((place, "beside the object", what))
                for leak in self.search(f"{what}\0{text}".encode()):
                    self.words.leak(place, what, leak)

    def _drawn(self, listing: Listing) -> Iterator[str]:
        """Some keys of each sort, of what is not read too; all, where everything is wanted."""
        lot = random.Random(self.sampling.seed)  # noqa: S311 - a sample
        entries = [
            f"{table}/_delta_log/{version:020}.json"
            for table, versions in sorted(listing.entries.items())
            for version in versions
        ]
        files = [file.key for file in listing.files]
        for keys in (files, entries, listing.others, listing.unread):
            most = len(keys) if self.sampling.deep else min(_BESIDE_SAMPLE, len(keys))
            yield from lot.sample(keys, most)

    def _at(self, place: str, data: bytes, version: str = "") -> None:
        self.words.texts += 1
        for where, leak in search_any(data, self.search):
            self.words.leak(place, f"{version}{where}", leak)


def _suspicious(listing: Listing, search: Search) -> Iterator[str]:
    """Keys among which something was found: many are searched together, for it is rarely so."""
    keys: Iterable[str] = chain(
        (file.key for file in listing.files),
        *(listing.others, listing.unread),
        (key for key, _ in listing.old),
    )
    keys = iter(keys)
    while some := list(islice(keys, _KEYS_TOGETHER)):
        if search("\n".join(some).encode()):
            yield from some
