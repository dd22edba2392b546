"""Watch entries: by which names an erased subject's rows would be known, if they came back.

They are sealed under a key of the ledger's own, which officers open: who cannot is told so.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from schemas.errors import FortnightError, SettingsError
from schemas.ledger import Entry
from schemas.ledger_keys import LedgerKey
from storage.s3.evidence import Seen, Unseen
from storage.watches import Watch, WatchPath

_ERASED = "subject erase", "complete"


@dataclass(frozen=True, slots=True)
class Watched:
    """What the watch entries of a region say.

    Attributes:
        entries: How many were opened.
        pending: Those of them whose erasure may still be at work: not looked for yet.
        names: Pseudonym -> up to when its rows are gone, UTC.
        unseen: Why some could not be opened.
    """

    entries: int = 0
    pending: int = 0
    names: Mapping[str, datetime] = field(default_factory=dict, repr=False)
    unseen: tuple[str, ...] = ()


def read_watched(
    sealed: Iterator[tuple[WatchPath, bytes]],
    key: Seen[LedgerKey],
    entries: Iterable[Entry],
    *,
    before: datetime,
) -> Watched:
    """Open a region's watch entries.

    Args:
        sealed: Where each lies, and its bytes.
        key: Of the region's ledger.
        entries: Of that ledger: they tell which erasures are complete.
        before: UTC: what was to be gone by then is gone, also where no entry says so.
    """
    done, names, unseen = {*_completed(entries)}, dict[str, datetime](), list[str]()
    opened = pending = 0
    for path, data in sealed:
        try:
            watch = _opened(path, data, key)
        except FortnightError as error:
            unseen.append(str(error))
            continue
        opened += 1
        if path.name not in done and watch.up_to > before:
            pending += 1
            continue
        for name in watch.pseudonyms:
            names[name] = max(watch.up_to, names.get(name, watch.up_to))
    return Watched(opened, pending, names, tuple(unseen))


def _opened(path: WatchPath, data: bytes, key: Seen[LedgerKey]) -> Watch:
    if isinstance(key, Unseen):
        raise SettingsError(f"{path}: {key}")
    return Watch.open(data, path, key.watching)


def _completed(entries: Iterable[Entry]) -> Iterator[str]:
    """Names of the watch entries of erasures that are complete, as the ledger tells them."""
    for entry in entries:
        act = entry.act
        if (act.name, act.scope.get("state")) == _ERASED:
            yield sha256(f"{act.request}/{act.subject}".encode()).hexdigest()[:32]
