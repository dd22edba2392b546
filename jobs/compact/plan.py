"""Which files become one: pure, from what the log says of them.

The files of a closed folder become one, or several of about 128 MiB. In the folder of a date, to
which late rows come for days, 24 files that were rewritten equally often become one: so a thousand
flushes leave at most some dozens of files. A file's name says how often its rows were compacted
(`DataPath.rewrites`), and what was compacted three times, or is large, is left alone: no row is
rewritten more often than that.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from jobs.compact.horizon import Horizon, is_of_a_date
from storage.layout import DataPath
from storage.log import DataFile

FILE_BYTES = 128 * 2**20
"""Of a compacted file, about (DESIGN section 9)."""

INPUT_BYTES = 2 * FILE_BYTES
"""Of one commit's input, which is held in memory."""

FAN_IN = 24
"""Files that become one in a date's folder; three tiers of them take 13,824 flushes."""

MOST_REWRITES = 3

Folder = tuple[date, datetime]


@dataclass(frozen=True, slots=True)
class Task:
    """Files of one folder that become one, or a few.

    Attributes:
        files: By path.
        why: In words.
    """

    files: tuple[DataFile, ...]
    why: str

    @property
    def place(self) -> DataPath:
        """A file's place in the folder."""
        return self.files[0].path

    @property
    def rewrites(self) -> int:
        """How often the rows were compacted once this is done."""
        return 1 + max(file.path.rewrites for file in self.files)

    @property
    def rows(self) -> int:
        """Before and after."""
        return sum(file.rows for file in self.files)

    @property
    def size(self) -> int:
        """Bytes before."""
        return sum(file.size for file in self.files)


def plan(live: Iterable[DataFile], horizon: Horizon, *, tiers: bool) -> list[Task]:
    """Decide what a run rewrites; no file is in two tasks.

    Args:
        live: The files that the table consists of.
        horizon: What is over.
        tiers: The table has a compacted tier, so that a single file is worth a rewrite too.
    """
    files = sorted((file for file in live if not is_done(file)), key=lambda file: file.path)
    tasks: list[Task] = []
    for _, group in groupby(files, key=folder_of):
        folder = list(group)
        if horizon.is_worth_it(folder[0].path):
            tasks += _tasks(folder, horizon, tiers=tiers)
    return tasks


def is_done(file: DataFile) -> bool:
    """Whether a file is left alone for good."""
    large = file.path.rewrites > 0 and file.size >= FILE_BYTES // 2
    return large or file.path.rewrites >= MOST_REWRITES


def folder_of(file: DataFile) -> Folder:
    """Which files may become one."""
    return file.path.date, file.path.expires


def _tasks(folder: list[DataFile], horizon: Horizon, *, tiers: bool) -> Iterator[Task]:
    path = folder[0].path
    if horizon.is_closed(path):
        parts = _parts(folder)
        yield from (Task(part, "closed") for part in parts if _is_worth_it(part, tiers=tiers))
    elif is_of_a_date(path):
        for rewrites in range(MOST_REWRITES):
            alike = [file for file in folder if file.path.rewrites == rewrites]
            if len(alike) >= FAN_IN:
                yield from (Task(part, f"{len(part)} alike") for part in _parts(alike))


def _is_worth_it(part: tuple[DataFile, ...], *, tiers: bool) -> bool:
    return len(part) > 1 or (tiers and not part[0].path.rewrites)


def _parts(files: list[DataFile]) -> Iterator[tuple[DataFile, ...]]:
    """Files in their order, so many at once as memory holds."""
    part: list[DataFile] = []
    size = 0
    for file in files:
        if part and size + file.size > INPUT_BYTES:
            yield tuple(part)
            part, size = [], 0
        part.append(file)
        size += file.size
    if part:
        yield tuple(part)
