"""Records that must be rejected: each kind is wrong in one way, and names what that is.

What is wrong may itself name somebody: broken records carry identifiers where no rule about
fields protects them, so that a search for leaks has something to find.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from jobs.demo.fleet.firmware import MESSAGEPACK, Fields, Headers
from jobs.demo.fleet.home.dice import choose, happens
from jobs.demo.fleet.packing import png
from jobs.demo.fleet.registrations import Owner
from schemas.tables.map_tiles import CELLS, TILE

_LARGER_THAN_ANY = 80_000
"""More than the 64 KiB that a record may have."""

_REQUIRED = ("event_time", "device")


@dataclass(frozen=True, slots=True)
class Good:
    """A record that would be stored, to be broken.

    Attributes:
        fields: Of the wire struct, as a robot writes them.
    """

    fields: Fields
    owner: Owner
    rng: np.random.Generator

    @property
    def is_tile(self) -> bool:
        """Whether it is a map tile."""
        return "tile_x" in self.fields

    def json(self, **changes: object) -> bytes:
        """Its JSON, with some fields changed or added."""
        return msgspec.json.encode(self.fields | changes)

    def without(self, name: str) -> Fields:
        """Its fields without one of them."""
        return {field: value for field, value in self.fields.items() if field != name}

    def secret(self, name: str) -> str:
        """One of the owner's secrets."""
        return dict(self.owner.secrets)[name]


@dataclass(frozen=True, slots=True)
class Broken:
    """What is left of it.

    Attributes:
        kind: What is wrong with it, a fixed phrase.
        record_key: None: as it was.
    """

    kind: str
    value: bytes | None
    headers: Headers = ()
    record_key: bytes | None = None


def break_one(good: Good) -> Broken:
    """The record, broken in a way that its random numbers choose."""
    kinds = TILE_KINDS if good.is_tile and happens(good.rng, 0.7) else KINDS
    kind = choose(good.rng, list(kinds))
    return break_as(kind, good)


def break_as(kind: str, good: Good) -> Broken:
    """The record, broken in one way: a kind of `KINDS`, or of `TILE_KINDS` for a tile."""
    value = {**KINDS, **TILE_KINDS}[kind](good)
    headers = _HEADERS[kind](good) if kind in _HEADERS else ()
    key = good.owner.account.encode() if kind == "a key that is an account" else None
    return Broken(kind, value, headers, key)


def _cut_off(good: Good) -> bytes:
    whole = good.json()
    return whole[: int(good.rng.integers(1, len(whole)))]


def _not_a_number(good: Good) -> bytes:
    return good.json(x=0.125).replace(b'"x":0.125', b'"x":NaN')


def _not_utf8(good: Good) -> bytes:
    return good.json(device="\x7f").replace(b"\x7f", b"\xc3\x28")


def _deep(good: Good) -> bytes:
    return good.json()[:-1] + b',"debug":' + b"[" * 20_000 + b"]" * 20_000 + b"}"


Breaker = Callable[[Good], bytes | None]

KINDS: Mapping[str, Breaker] = {
    "no value": lambda _: None,
    "empty": lambda _: b"",
    "garbage": lambda good: b"\xff" + good.rng.bytes(int(good.rng.integers(1, 200))),
    "cut off": _cut_off,
    "not an object": lambda good: msgspec.json.encode([good.owner.device, 1, 2]),
    "a number that is none": _not_a_number,
    "not UTF-8": _not_utf8,
    "nested too deep": _deep,
    "too large": lambda good: good.json(log=good.owner.account * (_LARGER_THAN_ANY // 20)),
    "a time of the wrong type": lambda good: good.json(event_time="yesterday"),
    "a time before 1970": lambda good: good.json(event_time=-1),
    "a time beyond 64 bits": lambda good: good.json(event_time=0).replace(
        b'"event_time":0', b'"event_time":1180591620717411303424'
    ),
    "a device of the wrong type": lambda good: good.json(device=[good.owner.device]),
    "a device with too long a name": lambda good: good.json(device=good.owner.device * 9),
    "a field is missing": lambda good: msgspec.json.encode(
        good.without(choose(good.rng, _REQUIRED))
    ),
    "JSON that claims to be MessagePack": lambda good: good.json(),
    "MessagePack that claims to be JSON": lambda good: msgspec.msgpack.encode(good.fields),
    "MessagePack that is cut off": lambda good: msgspec.msgpack.encode(good.fields)[:-9],
    "a serial number for a time": lambda good: good.json(event_time=good.secret("serial_number")),
    "an account for a field's name": lambda good: msgspec.json.encode(
        good.without("event_time") | {good.owner.account: 1}
    ),
    "a header that names the network": lambda good: msgspec.json.encode(good.without("device")),
    "a key that is an account": lambda good: msgspec.json.encode(good.without("device")),
}
"""What can be wrong with any record -> how to break it so."""

_HEADERS: Mapping[str, Callable[[Good], Headers]] = {
    "JSON that claims to be MessagePack": lambda _: MESSAGEPACK,
    "MessagePack that is cut off": lambda _: MESSAGEPACK,
    "a header that names the network": lambda good: (
        ("x-wifi", good.secret("wifi_ssid").encode()),
        (good.secret("mac"), b"1"),
    ),
}


def _tile(good: Good, **changes: Any) -> bytes:  # noqa: ANN401 - values of any wrong type
    fields = {name: value for name, value in good.fields.items() if name not in {"cells", "layers"}}
    return msgspec.json.encode(fields | changes)


def _some_cells(good: Good, n: int = CELLS) -> bytes:
    return good.rng.integers(0, 4, n, np.uint8).tobytes()


def _layers(good: Good, *runs: int) -> bytes:
    return _tile(good, encoding="runs", layers=[{"label": 1, "runs": runs}])


TILE_KINDS: Mapping[str, Breaker] = {
    "cells are missing": lambda good: _tile(good, encoding="raw"),
    "too few cells": lambda good: _tile(
        good, encoding="raw", cells=_some_cells(good, int(good.rng.integers(1, CELLS)))
    ),
    "a label that does not exist": lambda good: _tile(
        good, encoding="raw", cells=_some_cells(good)[:-1] + b"\xc8"
    ),
    "zlib of too few cells": lambda good: _tile(
        good, encoding="zlib", cells=zlib.compress(_some_cells(good, 100))
    ),
    "zlib that is cut off": lambda good: _tile(
        good, encoding="zlib", cells=zlib.compress(_some_cells(good))[:-20]
    ),
    "zlib that unpacks to a megabyte": lambda good: _tile(
        good, encoding="zlib", cells=zlib.compress(bytes(2**20))
    ),
    "PNG that is none": lambda good: _tile(good, encoding="png", cells=b"\x89PNG\r\n\x1a\nrobot"),
    "PNG of another size": lambda good: _tile(
        good, encoding="png", cells=png(Image.new("L", (TILE // 2, TILE)))
    ),
    "an encoding that does not exist": lambda good: _tile(
        good, encoding="gif", cells=_some_cells(good)
    ),
    "a tile beyond the frame": lambda good: good.json(tile_x=5000),
    "runs beyond the tile": lambda good: _layers(good, 60, 3, 10),
    "runs that are cut off": lambda good: _layers(good, 0, 0, 10, 5),
    "no layers": lambda good: _tile(good, encoding="runs"),
}
"""What can be wrong with a tile -> how to break it so."""
