"""Writes what the schemas tell the fleet's developers, or checks that what is there is current."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from schemas.documents import asyncapi, json_schema, wire_structs


def plan() -> Iterator[tuple[str, bytes]]:
    """(file name, content) of every generated document."""
    yield "asyncapi.json", _text(asyncapi())
    for wire in wire_structs().values():
        yield f"{wire.__name__}.json", _text(json_schema(wire))


def write(folder: Path) -> list[Path]:
    """Write every document; the same schemas give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in plan():
        (folder / name).write_bytes(content)
        written.append(folder / name)
    return written


def stale(folder: Path) -> list[str]:
    """The documents that are not what the schemas say now: missing, other, or too many."""
    expected = dict(plan())
    present = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    return sorted(
        name for name in expected.keys() | present.keys() if expected.get(name) != present.get(name)
    )


def _text(document: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2) + b"\n"
