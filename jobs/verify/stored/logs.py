"""Tables' logs as text: receipts, statistics, and words; read by hand, as JSON lines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from jobs.verify.stored.leaks import Leak, Search


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of a table's log.

    Attributes:
        place: As findings name it.
        policies: What its receipt says: vendor -> version of the policy; None: it has no receipt.
        vendors: What its receipt says was stored: vendor -> records.
        bounded: Columns of which it tells smallest and largest values.
        names: Every name of a field in it, folded into one set.
        leaks: Identifiers in it.
        unread: It is no log entry.
    """

    place: str
    table: str
    policies: Mapping[str, str] | None = None
    vendors: Mapping[str, int] = field(default_factory=dict)
    bounded: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    leaks: tuple[Leak, ...] = ()
    unread: bool = False


def read_entry(place: str, table: str, data: bytes, search: Search) -> LogEntry:
    """Read an entry, and search all of it; what is no entry is searched too."""
    leaks = tuple(sorted(search(data)))
    try:
        actions = [msgspec.json.decode(line) for line in data.splitlines() if line]
        receipt = _receipt(actions)
        return LogEntry(
            place,
            table,
            None if receipt is None else dict(receipt.get("policies", {})),
            _vendors(receipt or {}),
            frozenset(_bounded(actions)),
            frozenset(_names(actions)),
            leaks,
        )
    except (msgspec.DecodeError, AttributeError, TypeError, KeyError, ValueError):
        return LogEntry(place, table, leaks=leaks, unread=True)


def _receipt(actions: list[dict[str, Any]]) -> dict[str, Any] | None:
    for action in actions:
        if "receipt" in action.get("commitInfo", {}):
            found: dict[str, Any] = msgspec.json.decode(action["commitInfo"]["receipt"])
            return found
    return None


def _vendors(receipt: Mapping[str, Any]) -> dict[str, int]:
    stored: dict[str, int] = {}
    for span in receipt.get("spans", []):
        for vendor, count in span.get("vendors", {}).items():
            stored[vendor] = stored.get(vendor, 0) + int(count)
    return stored


def _bounded(actions: list[dict[str, Any]]) -> Iterator[str]:
    for action in actions:
        said = msgspec.json.decode(action.get("add", {}).get("stats") or "{}")
        yield from said.get("minValues", {})
        yield from said.get("maxValues", {})


def _names(value: object) -> Iterator[str]:
    """Names of fields, at any depth, also in JSON that is written as text."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)
    elif isinstance(value, str) and value.startswith(("{", "[")):
        try:
            yield from _names(msgspec.json.decode(value))
        except msgspec.DecodeError:
            return
