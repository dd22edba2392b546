"""Writes what schemas and roles tell people and tools, or checks that what is there is current."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from jobs.roles import page
from jobs.watch import deployment, runbooks
from schemas.documents import asyncapi, json_schema, metrics_page, tables_page, wire_structs
from schemas.policies import Policies
from schemas.policies.pages import page as policies_page
from schemas.settings import Settings
from storage.dataset import REGION
from storage.lake import PLACEMENT

_EXAMPLE = Settings(
    restricted=tuple(replace(one, bucket=f"{one.bucket}-restricted") for one in Settings().regions),
    holds=tuple(replace(one, bucket=f"{one.bucket}-holds") for one in Settings().regions),
)
"""The default settings, with a bucket for every purpose."""


def plan() -> Iterator[tuple[str, bytes]]:
    """(file's path, content) of every generated document."""
    yield "tables.md", tables_page([*PLACEMENT, REGION]).encode()
    yield "metrics.md", metrics_page().encode()
    yield "policies.md", policies_page(Policies.shipped().all).encode()
    yield "fleet/asyncapi.json", _text(asyncapi())
    for wire in wire_structs().values():
        yield f"fleet/{wire.__name__}.json", _text(json_schema(wire))
    for name, content in page.files(_EXAMPLE):
        yield f"access/{name}", content
    for name in runbooks.titles():
        yield f"runbooks/{name}.md", runbooks.page(name).encode()


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents that are kept in one folder.

    Attributes:
        plan: (file's path, content) of each.
        patterns: What they look like there: what fits, and is not planned, is too many.
    """

    plan: Callable[[], Iterator[tuple[str, bytes]]]
    patterns: tuple[str, ...]


DOCS = Collection(
    plan,
    ("fleet/*.json", "tables.md", "metrics.md", "policies.md", "access/**/*.*", "runbooks/*.md"),
)
DEPLOY = Collection(deployment.files, ("prometheus/rules.yml", "grafana/dashboards/*.json"))


def write(folder: Path, documents: Collection = DOCS) -> list[Path]:
    """Write every document; the same schemas give the same bytes."""
    written = []
    for name, content in documents.plan():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        written.append(folder / name)
    return written


def stale(folder: Path, documents: Collection = DOCS) -> list[str]:
    """The documents that are not what the schemas say now: missing, other, or too many."""
    expected = dict(documents.plan())
    present = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for pattern in documents.patterns
        for path in folder.glob(pattern)
    }
    return sorted(
        name for name in expected.keys() | present.keys() if expected.get(name) != present.get(name)
    )


def _text(document: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2) + b"\n"
