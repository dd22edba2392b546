"""What `fortnight verify` costs without `--deep`: its time, and the memory that it takes.

The files lie in moto's server, two sizes one after the other: what many take more than few is what
each takes that is not opened. Kafka is left out; who robots are is given.
"""

import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from jobs.costs.apart import apart, peak_bytes
from jobs.costs.crowd import CrowdedServer
from jobs.costs.many_files import ROBOTS, Fortnight
from jobs.demo.object_store import CREDENTIALS
from jobs.verify import Scene, open_buckets, verify
from jobs.verify.report.document import Previous, document
from schemas.errors import IntegrityError
from schemas.keyring import Keyring
from schemas.policies import Policies
from schemas.regions import Residency
from schemas.settings import Settings

SECONDS = 300.0
"""For all of them, at most."""

PEAK_MB, GROWN_MB = 1_000.0, 200.0
"""Memory for all of them, and how much of that is for their number, at most."""

_MB = 10**6


@dataclass(frozen=True, slots=True)
class Scale:
    """How many files there are.

    Attributes:
        few: At first, to see what each costs that is not opened.
    """

    files: int = 100_000
    few: int = 10_000


SMALL = Scale(files=600, few=300)
"""To see that it works."""


def measure(scale: Scale, now: datetime) -> dict[str, float]:
    """Verify few files, and then all.

    Returns:
        Name -> number, the unit at the name's end.

    Raises:
        IntegrityError: A promise on bytes was not proven, so nothing was measured.
    """
    few, all_ = (run(files, now) for files in (scale.few, scale.files))
    return {
        "files": scale.files,
        "objects": all_["objects"],
        "sampled_files": all_["sampled_files"],
        "rows": all_["rows"],
        "verify_seconds": all_["seconds"],
        "verify_cpu_seconds": all_["cpu_seconds"],
        "verify_peak_mb": all_["peak_mb"],
        "few_files": scale.few,
        "verify_few_seconds": few["seconds"],
        "verify_few_peak_mb": few["peak_mb"],
        "verify_grown_mb": round(all_["peak_mb"] - few["peak_mb"], 1),
    }


def table(figures: Mapping[str, float]) -> str:
    """The figures as a table in Markdown."""
    lines = ["| files | opened | seconds | memory |", "|---:|---:|---:|---:|"]
    opened = figures["sampled_files"]
    for which, files in (("few_", figures["few_files"]), ("", figures["files"])):
        seconds, peak = figures[f"verify_{which}seconds"], figures[f"verify_{which}peak_mb"]
        lines.append(f"| {files:,} | {min(opened, files):,} | {seconds:.0f} | {peak:.0f} MB |")
    return "\n".join(lines)


def misses(figures: Mapping[str, float]) -> list[str]:
    """What was not reached, in words; empty when all was."""
    limits = {"verify_seconds": SECONDS, "verify_peak_mb": PEAK_MB, "verify_grown_mb": GROWN_MB}
    return [
        f"{name} is {figures[name]:,.1f}, at most {limit:,.0f} was wanted"
        for name, limit in limits.items()
        if figures[name] > limit
    ]


def run(files: int, now: datetime, robots: int = ROBOTS) -> dict[str, float]:
    """Verify so many files that are made up, in a process of its own.

    Args:
        robots: In a region; each has rows in every file of it.

    Raises:
        IntegrityError: A promise on bytes was not proven.
    """
    settings = Settings()
    keyring = Keyring.generate([place.region for place in settings.regions], now)
    fortnight = Fortnight(settings, keyring, now, files, robots)
    with (
        tempfile.TemporaryDirectory() as folder,
        CrowdedServer(Path(folder), fortnight.crowds()) as server,
    ):
        asked = replace(settings, s3_endpoint=server.url, keyring=f"{folder}/none")
        found: dict[str, float] = apart(_look, replace(fortnight, settings=asked))
    return found


def _look(fortnight: Fortnight) -> dict[str, float]:
    """One run, in a process that has nothing else to do."""
    os.environ.update(CREDENTIALS)  # noqa: TID251 - our own S3 client reads it
    began = time.perf_counter()
    scene = Scene(
        settings=fortnight.settings,
        policies=Policies.shipped(),
        residency=Residency.shipped(),
        buckets=open_buckets(fortnight.settings, fortnight.now),
        keyring=fortnight.keyring,
        registry=fortnight.registry(),
        now=fortnight.now,
    )
    outcome = verify(scene)
    document(outcome, Previous())
    seconds = time.perf_counter() - began
    seen = outcome.seen
    wrong = [one.promise.name for one in outcome.broken if one.promise.clause.kind in _ON_BYTES]
    if wrong or seen.not_searched or seen.files != fortnight.files:
        raise IntegrityError(f"nothing is measured of a run that failed: {wrong}")
    return {
        "objects": seen.files + seen.log_objects,
        "sampled_files": len(seen.chosen),
        "rows": sum(seen.answers.rows.values()),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(time.process_time(), 1),
        "peak_mb": round(peak_bytes() / _MB, 1),
    }


_ON_BYTES = frozenset({"collection", "exclusion", "consent", "binding", "map-gate", "versions"})
"""Kinds of clauses that rest on what is stored alone; others are about how a system is set up."""
