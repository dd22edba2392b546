"""The jars of Apache Kafka: the ones that kafka.lock names, and no others.

Fetched from Maven Central by jgo, once a user; a jar counts only if its SHA-256 is the lock's.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from jgo.maven import MavenContext

from schemas.errors import IntegrityError, RetryableError

_TRIES = 3


class DownloadError(RetryableError):
    """Something that has to be downloaded could not be."""


@dataclass(frozen=True, slots=True)
class Jar:
    """A jar by its Maven coordinates, and what must be in it.

    Attributes:
        sha256: Of its bytes, lower-case hex.
    """

    group: str
    artifact: str
    version: str
    sha256: str

    @classmethod
    def parse(cls, line: str) -> "Jar":
        """Read a line of the lock: `group:artifact:version sha256`."""
        coordinates, sha256 = line.split()
        group, artifact, version = coordinates.split(":")
        return cls(group, artifact, version, sha256)

    @property
    def file_name(self) -> str:
        """Its name in the folder of jars."""
        return f"{self.artifact}-{self.version}.jar"


def locked() -> list[Jar]:
    """The jars of kafka.lock."""
    text = resources.files("jobs.demo").joinpath("kafka.lock").read_text("utf-8")
    return [Jar.parse(line) for line in text.splitlines() if not line.startswith("#")]


def default_cache(env: Mapping[str, str]) -> Path:
    """Where downloads are kept: FORTNIGHT_CACHE, else XDG_CACHE_HOME, else ~/.cache."""
    if own := env.get("FORTNIGHT_CACHE"):
        return Path(own)
    return Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fortnight"


def jars_folder(cache: Path, wanted: Sequence[Jar] = ()) -> Path:
    """The folder with exactly the wanted jars, downloaded where it is not there yet.

    Safe to run in several processes at once: the folder appears whole or not at all.

    Args:
        cache: Where downloads are kept.
        wanted: None given: those of the lock.

    Raises:
        DownloadError: A jar could not be fetched as the lock has it; nothing was kept.
        IntegrityError: A jar that was kept has changed since; nothing is kept any more.
    """
    jars = list(wanted) or locked()
    digest = hashlib.sha256("\n".join(map(repr, jars)).encode()).hexdigest()[:12]
    folder = cache / f"kafka-{digest}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="download-", dir=cache) as staging:
            whole = _download(jars, Path(staging))
            _move(whole, folder)
    elif changed := [jar.file_name for jar in jars if not _is_intact(jar, folder)]:
        shutil.rmtree(folder)
        raise IntegrityError(f"{', '.join(changed)} changed in {folder}, which is removed: again")
    return folder


def _download(jars: list[Jar], staging: Path) -> Path:
    whole = staging / "jars"
    whole.mkdir()
    with ThreadPoolExecutor(max_workers=4) as pool:
        for jar, path in zip(jars, pool.map(lambda jar: _fetch(jar, staging), jars), strict=True):
            path.rename(whole / jar.file_name)
    return whole


def _fetch(jar: Jar, staging: Path) -> Path:
    for attempt in range(_TRIES):
        context = MavenContext(repo_cache=staging / f"try-{attempt}", timeout=30)
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        with suppress(OSError, RuntimeError):  # requests' errors are OSErrors; jgo's "not found"
            path = Path(component.artifact().resolve())
            if _sha256(path) == jar.sha256:
                return path
    raise DownloadError(f"Maven Central did not give {jar.file_name} as kafka.lock has it")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_intact(jar: Jar, folder: Path) -> bool:
    path = folder / jar.file_name
    return path.exists() and _sha256(path) == jar.sha256


def _move(whole: Path, folder: Path) -> None:
    try:
        whole.rename(folder)
    except OSError:  # another process was faster: its folder is as good
        if not folder.exists():
            raise
