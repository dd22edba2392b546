"""The tables that there are: each a file named by its SHA-256, and beside it how it was made.

A file of tiles needs the table that it was written with for as long as it is kept, a fortnight. So
a new table is put beside the old one with a version of its own (`fortnight maps train`); the newest
is written with, and an old one is taken away only when no file names its digest any more
(`fortnight.tiles` in a file's metadata).
"""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import IntegrityError, SettingsError
from storage.tiles.context_table import ContextTable, unpack

_NEWEST = 255
"""A chunk has a byte for the version."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a folder; each is read once."""

    folder: Path

    def current(self) -> ContextTable:
        """The table that is written with, the one of the highest version.

        Raises:
            IntegrityError: Its file is not the one that was released.
        """
        return self.load(max(_digests(self.folder), default=0))

    def load(self, version: int) -> ContextTable:
        """The table of a version.

        Raises:
            IntegrityError: There is none, or its file is not the one that was released.
        """
        return _load(self.folder, version)

    def about(self, version: int) -> Mapping[str, Any]:
        """How a table was made.

        Raises:
            IntegrityError: There is no such table.
        """
        text = (self.folder / f"{_digest(self.folder, version)}.toml").read_text("utf-8")
        return tomllib.loads(text)

    def add(self, data: bytes, about: Mapping[str, str | int | float]) -> ContextTable:
        """Put a table beside the others, to be written with from now on.

        Args:
            data: What `pack` gave.
            about: How it was made.

        Raises:
            SettingsError: It is there already, or there is no version left; nothing was put.
        """
        versions = _digests(self.folder)
        table = unpack(max(versions, default=0) + 1, data)
        if table.digest in versions.values() or table.version > _NEWEST:
            raise SettingsError(f"{self.folder}: this table is there already, or 255 others are")
        told = {"version": table.version, **about}
        (self.folder / f"{table.digest}.bin").write_bytes(data)
        (self.folder / f"{table.digest}.toml").write_text(_description(told), "utf-8")
        _digests.cache_clear()
        return table


SHIPPED = Tables(Path(__file__).parent)
"""The tables that come with this package."""


@functools.cache
def _digests(folder: Path) -> Mapping[int, str]:
    """Version -> digest, as the descriptions tell."""
    files = folder.glob("*.toml")
    return {tomllib.loads(file.read_text("utf-8"))["version"]: file.stem for file in files}


def _digest(folder: Path, version: int) -> str:
    found = _digests(folder).get(version)
    if found is None:
        raise IntegrityError("a chunk of tiles names an unknown table version")
    return found


@functools.cache
def _load(folder: Path, version: int) -> ContextTable:
    digest = _digest(folder, version)
    table = unpack(version, (folder / f"{digest}.bin").read_bytes())
    if table.digest != digest:
        raise IntegrityError("a context table is not the one that its name tells of")
    return table


def _description(told: Mapping[str, str | int | float]) -> str:
    lines = [
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
        for name, value in told.items()
    ]
    head = "# How the table of this name was made; written by `fortnight maps train`."
    return "\n".join([head, *lines, ""])
