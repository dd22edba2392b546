"""Writes what schemas and roles tell people and tools, or checks that what is there is current."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from jobs.roles import page
from schemas.documents import asyncapi, json_schema, tables_page, wire_structs
from schemas.policies import Policies
from schemas.policies.pages import page as policies_page
from schemas.settings import Settings
from storage.dataset import REGION
from storage.lake import PLACEMENT

_GENERATED = ("fleet/*.json", "tables.md", "policies.md", "access/**/*.*")


def plan() -> Iterator[tuple[str, bytes]]:
    """(file's path, content) of every generated document."""
    yield "tables.md", tables_page([*PLACEMENT, REGION]).encode()
    yield "policies.md", policies_page(Policies.shipped().all).encode()
    yield "fleet/asyncapi.json", _text(asyncapi())
    for wire in wire_structs().values():
        yield f"fleet/{wire.__name__}.json", _text(json_schema(wire))
    for name, content in page.files(Settings()):
        yield f"access/{name}", content


def write(folder: Path) -> list[Path]:
    """Write every document; the same schemas give the same bytes."""
    written = []
    for name, content in plan():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        written.append(folder / name)
    return written


def stale(folder: Path) -> list[str]:
    """The documents that are not what the schemas say now: missing, other, or too many."""
    expected = dict(plan())
    present = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for pattern in _GENERATED
        for path in folder.glob(pattern)
    }
    return sorted(
        name for name in expected.keys() | present.keys() if expected.get(name) != present.get(name)
    )


def _text(document: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2) + b"\n"
