"""What the fleet's developers need to know, generated from the wire structs they must match."""

from typing import Any

import msgspec

from schemas.tables import STREAMED
from schemas.tables.devices import DEVICES_TOPIC, Device

VERSION = "1.0.0"
"""Of the wire schemas: a new optional field raises the second number, a breaking one the first."""

_JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = "#/components/schemas/{name}"
_ADVICE = (
    "Produce with idempotence on (enable.idempotence=true, acks=all) and the device id as record "
    "key: a retry of yours is then one record, and a device's records stay in order. JSON in "
    "UTF-8, or MessagePack with the header content-type: application/msgpack. The broker's clock "
    "stamps records (LogAppendTime); event_time is the robot's own. Unknown fields are dropped."
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
