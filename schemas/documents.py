"""What the schemas tell: wire structs to a fleet's developers, columns to analysts."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from schemas.metrics import WATCH_METRICS, WORKER_METRICS
from schemas.privacy import privacy_of
from schemas.tables import STREAMED, TABLES, Table
from schemas.tables.devices import DEVICES_TOPIC, Device

VERSION = "1.0.0"
"""Of the wire schemas: a new optional field raises the second number, a breaking one the first."""

_JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = "#/components/schemas/{name}"
_TABLES_TITLE = (
    "# The tables' columns\n\n"
    "Written from `schemas/tables` by `fortnight documents write`: do not edit. What the privacy\n"
    "classes mean is in the [analyst's guide](analysts.md), and which columns are null for which\n"
    "maker's robots in the [makers' policies](policies.md)."
)
_ADVICE = (
    "Produce with idempotence on (enable.idempotence=true, acks=all) and the device id as record "
    "key: a retry of yours is then one record, and a device's records stay in order. JSON in "
    "UTF-8, or MessagePack with the header content-type: application/msgpack. The broker's clock "
    "stamps records (LogAppendTime); event_time is the robot's own. Unknown fields are dropped. In "
    "fleet.devices, keys that begin with mark/ are privacy officers': neither write nor read them."
)


def wire_structs() -> dict[str, type[msgspec.Struct]]:
    """Topic -> what its records are."""
    streamed = {topic: table.wire for topic, table in STREAMED.items() if table.wire}
    return {**streamed, DEVICES_TOPIC: Device}


def json_schema(wire: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one wire struct, on its own."""
    return {"$schema": _JSON_SCHEMA, "$id": f"{wire.__name__}.json", **msgspec.json.schema(wire)}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of everything that a fleet publishes."""
    structs = wire_structs()
    schemas, components = msgspec.json.schema_components(structs.values(), ref_template=_REFERENCE)
    payloads = dict(zip(structs, schemas, strict=True))
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Fortnight's input", "version": VERSION, "description": _ADVICE},
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic, structs[topic].__name__) for topic in structs},
        "operations": {_operation(topic): _send(topic) for topic in structs},
        "components": {
            "messages": {
                structs[topic].__name__: _message(structs[topic], payloads[topic])
                for topic in structs
            },
            "schemas": components,
        },
    }


def tables_page(everywhere: Sequence[pa.Field]) -> str:
    """A page of Markdown: every table's columns with type, unit, privacy class and purpose.

    Args:
        everywhere: Columns that readers see in every table, besides those it declares.
    """
    lines = [_TABLES_TITLE, "", "## Every table", "", *_columns(everywhere)]
    for table in TABLES.values():
        lines += ["", f"## {table.name}", "", _about(table), "", *_columns(table.schema)]
    return "\n".join(lines) + "\n"


def _about(table: Table) -> str:
    source = f"From `{table.topic}`" if table.topic else "Made by the workers"
    return f"{source}. Files are sorted by {', '.join(table.sort)}."


def _columns(fields: Sequence[pa.Field]) -> Iterator[str]:
    yield "| column | type | unit | privacy class | purpose |"
    yield "|---|---|---|---|---|"
    for field in fields:
        words = {key.decode(): text.decode() for key, text in field.metadata.items()}
        purpose = words["purpose"] + (f" ({words['note']})" if "note" in words else "")
        unit = words.get("unit", "")
        yield f"| `{field.name}` | {field.type} | {unit} | {privacy_of(field)} | {purpose} |"


def metrics_page() -> str:
    """Every metric as Markdown: what each worker shows, and what watch does."""
    lines = ["# Metrics", "", _METRICS, ""]
    for title, metrics in (
        ("A worker, at `FORTNIGHT_METRICS_PORT`", WORKER_METRICS),
        ("`fortnight watch`", WATCH_METRICS),
    ):
        lines += [
            f"## {title}",
            "",
            "| metric | kind | unit | labels | meaning |",
            "|" + "---|" * 5,
        ]
        for one in metrics:
            labels = " ".join(f"`{label}`" for label in one.labels)
            lines.append(f"| `{one.name}` | {one.kind} | {one.unit} | {labels} | {one.help} |")
        lines.append("")
    return "\n".join(lines)


_METRICS = (
    "Written from `schemas/metrics.py` by `fortnight documents write`: do not edit. What is not\n"
    "known has no number, rather than an old one. Names that begin with `kafka_`, and their\n"
    "labels, are kafka-lag-exporter's; the lag in seconds is measured here, not estimated."
)


def _channel(topic: str, message: str) -> dict[str, Any]:
    return {
        "address": topic,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {"kafka": {"topic": topic, "bindingVersion": "0.5.0"}},
    }


def _operation(topic: str) -> str:
    return "publish" + "".join(word.title() for word in topic.replace(".", "-").split("-"))


def _send(topic: str) -> dict[str, Any]:
    return {"action": "send", "channel": {"$ref": f"#/channels/{topic}"}}


def _message(wire: type[msgspec.Struct], payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": wire.__name__,
        "summary": (wire.__doc__ or "").split("\n")[0],
        "contentType": "application/json",
        "payload": payload,
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "device id"},
                "bindingVersion": "0.5.0",
            }
        },
    }
