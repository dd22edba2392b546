"""Files that only their owner may read, written whole or not at all."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from schemas.errors import SettingsError

_MODE = 0o600


def create(path: Path, data: bytes) -> bool:
    """Make a file; whether it was made: False where there is one, which stays.

    Atomic: of several at once exactly one wins, and a killed one leaves nothing under that name.

    Raises:
        SettingsError: The folder cannot be written.
    """
    with _beside(path, data) as beside:
        try:
            os.link(beside, path)
        except FileExistsError:
            return False
        _sync(path.parent)
    return True


def replace(path: Path, data: bytes) -> None:
    """Make a file, in the place of one that may be there; atomic.

    Raises:
        SettingsError: The folder cannot be written.
    """
    with _beside(path, data) as beside:
        beside.replace(path)
        _sync(path.parent)


@contextmanager
def growing(path: Path) -> Iterator[BinaryIO]:
    """A file to be written and sought in, which gets its name when the block ends well.

    After any error there is none of that name, nor another. A killed process leaves nothing where
    the file system has files without a name, as Linux's have; else the part that was written.

    Raises:
        SettingsError: There is one of that name, which stays, or the folder cannot be written.
    """
    if path.exists():
        raise SettingsError(f"{path}: there is a file already, and it stays")
    try:
        with _nameless(path) as (file, name_it):
            yield file
            file.flush()
            os.fsync(file.fileno())
            name_it()
            _sync(path.parent)
    except FileExistsError:
        raise SettingsError(f"{path}: there is a file already, and it stays") from None
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error


def read(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        SettingsError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep out whoever else is `alone` with a file of that folder.

    Raises:
        SettingsError: There is no such folder.
    """
    try:
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


@contextmanager
def _beside(path: Path, data: bytes) -> Iterator[Path]:
    """A durable file beside another, to be linked or moved there; gone afterwards."""
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        _write(beside, data)
        yield beside
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _nameless(path: Path) -> Iterator[tuple[BinaryIO, Callable[[], None]]]:
    """A new file without a name in the folder of a path, and what gives it that name."""
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        handle = os.open(path.parent, os.O_TMPFILE | os.O_RDWR, _MODE)
    except (AttributeError, OSError):  # not this system, or not its file system
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, _MODE)
    source = beside if beside.exists() else Path(f"/proc/self/fd/{handle}")
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file, partial(_link, source, path)
    finally:
        beside.unlink(missing_ok=True)


def _link(source: Path, path: Path) -> None:
    """Name what a path stands for, itself where it is a file, its target where it is a link."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.link(source, path.name, dst_dir_fd=folder)
    finally:
        os.close(folder)


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
