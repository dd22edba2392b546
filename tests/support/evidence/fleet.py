"""A fleet whose records are good, broken, late, or nobody's, in known shares.

The record of a number is always the same, so that any process can make it again.
"""

import base64
import json
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from support.evidence.oracle import CONSENT_FOR, EVERY_CONSENT, Registration, Sent

TELEMETRY, TILES, HISTORY = CONSENT_FOR
DAY = 86_400_000_000
"""Microseconds."""

_COUNTRIES = ["DE", "US", "FR", "CA", "IS", "US", "DE", "US", "GB", "QQ"]
_VENDORS = ["360-robot-vacuum", "smarock", "360-robot-vacuum"]
_MESSAGEPACK = (("content-type", b"application/msgpack"),)

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Robots by number; every tenth lives abroad, every tenth in no region, some consent to less.

    Every third is of the maker with the stricter policy, and some are of a maker without any.

    Attributes:
        now: When it sends, microseconds since 1970 in UTC.
        robots: How many are registered.
        good: Share of records that nothing is wrong with.
    """

    now: int
    robots: int = 60
    seed: int = 1
    good: float = 0.86

    def registrations(self) -> list[Registration]:
        """One of each robot."""
        return [self._registration(number) for number in range(self.robots)]

    def sent(self, topic: str, number: int) -> Sent:
        """A topic's record of this number; its value is unlike any other's, or None."""
        dice = random.Random(self.seed * 1_000_000_007 + number)  # noqa: S311 - to be repeated
        device = self.device(dice.randrange(self.robots))
        event_time = self.now - dice.randrange(600) * 1_000_000
        document = _DOCUMENTS[topic](number, event_time)
        draw = dice.random()
        if draw < self.good:
            return _plain(topic, device, document, packed=number % 20 == 0)
        return dice.choice(_ODD[topic])(topic, device, document)

    def mix(self, n: int, *, start: int = 0) -> Iterator[Sent]:
        """Records of all topics: most of them readings."""
        for number in range(start, start + n):
            yield self.sent((TELEMETRY, TELEMETRY, TELEMETRY, HISTORY, TILES)[number % 5], number)

    def device(self, number: int) -> str:
        """A robot's name; no other fleet of another seed has it."""
        return f"SN-{self.seed}-{number:05d}"

    def _registration(self, number: int) -> Registration:
        consents = EVERY_CONSENT - {"maps"} if number % 7 == 3 else EVERY_CONSENT
        if number % 13 == 5:
            consents = frozenset()
        if number % 5 == 2:
            consents -= {"location"}
        bound = self.now + DAY if number % 17 == 4 else self.now - 30 * DAY
        return Registration(
            self.device(number),
            _COUNTRIES[number % 10],
            consents,
            None if number % 11 == 6 else bound,
            vendor="nobody" if number % 19 == 7 else _VENDORS[number % 3],
        )


def _reading(number: int, event_time: int) -> Document:
    return {
        "event_time": event_time,
        "status": "cleaning",
        "status_flag": "segment",
        "battery_level": number % 101,
        "battery_flag": "discharging",
        "session": f"session-{number // 100}",
        "x": number % 90 / 8,
        "y": number % 70 / 8,
        "area": number,
        "latitude": 48.137,
        "longitude": 11.575,
        "fault_kind": "transient" if number % 4 == 0 else "none",
    }


def _cleaning(number: int, event_time: int) -> Document:
    return {
        "event_time": event_time,
        "session": f"session-{number // 100}",
        "started": event_time - 1_000_000,
        "area": number,
        "duration": number % 3600,
        "map": f"map-{number % 50}",
        "battery_start": 100 - number % 9,
    }


def _tile(number: int, event_time: int) -> Document:
    cells = bytes([number % 35, number // 35 % 35]) * 2048
    place = {"tile_x": number % 9 - 4, "tile_y": number % 5, "version": number}
    document = {"event_time": event_time, "map": f"map-{number % 50}", **place}
    if number % 7:
        document["fault"] = "none" if number % 7 == 1 else "navigation"
    if number % 3 == 0:
        runs = [0, 0, 64, 3, number % 64, 9]
        return document | {"encoding": "runs", "layers": [{"label": 1 + number % 34, "runs": runs}]}
    packed = base64.b64encode(zlib.compress(cells, 1)).decode()
    return document | {"encoding": "zlib", "cells": packed}


_DOCUMENTS: dict[str, Callable[[int, int], Document]] = {
    TELEMETRY: _reading,
    HISTORY: _cleaning,
    TILES: _tile,
}

Odd = Callable[[str, str, Document], Sent]


def _plain(
    topic: str, device: str, document: Document, *, planned: str = "", packed: bool = False
) -> Sent:
    whole = {"device": device, **document}
    headers: tuple[tuple[str, bytes], ...] = ()
    value = json.dumps(whole, separators=(",", ":")).encode()
    if packed and topic != TILES:
        value, headers = msgspec.msgpack.encode(whole), _MESSAGEPACK
    return Sent(
        topic,
        device,
        document["event_time"],
        value,
        planned,
        headers,
        frozenset(name for name, value in document.items() if value is not None),
        document.get("fault", document.get("fault_kind", "none")) != "none",
    )


def _with(reason: str, **changes: object) -> Odd:
    """A record that its values condemn."""
    return lambda topic, device, document: _plain(
        topic, device, document | changes, planned=f"rejected/{reason}"
    )


def _cut(topic: str, device: str, document: Document) -> Sent:
    whole = _plain(topic, device, document).value or b""
    reason = "rejected/the bytes are not the format that they claim to be"
    return Sent(topic, device, document["event_time"], whole[:-3], reason)


def _no_object(topic: str, device: str, document: Document) -> Sent:
    value = json.dumps([device, document]).encode()
    reason = "rejected/the record is not an object of fields"
    return Sent(topic, device, document["event_time"], value, reason)


def _empty(topic: str, device: str, document: Document) -> Sent:
    return Sent(topic, device, document["event_time"], None, "rejected/the record has no value")


def _late(topic: str, device: str, document: Document) -> Sent:
    late = document | {"event_time": document["event_time"] - 10 * DAY}
    if "started" in late:
        late["started"] = late["event_time"]
    return _plain(topic, device, late, planned="expired")


def _nobody(topic: str, device: str, document: Document) -> Sent:
    return _plain(topic, f"stranger to {device}", document)


def _old(topic: str, device: str, document: Document) -> Sent:
    days = 1 + document["event_time"] // 1_000_000 % 5
    old = document | {"event_time": document["event_time"] - days * DAY}
    if "started" in old:
        old["started"] = old["event_time"]
    return _plain(topic, device, old)


def _lost_clock(topic: str, device: str, document: Document) -> Sent:
    """A clock that was never set: stored, by the broker's."""
    return _plain(
        topic,
        device,
        document | {"event_time": 7, "started": 3}
        if "started" in document
        else document | {"event_time": 7},
    )


_ALWAYS: list[Odd] = [
    _cut,
    _no_object,
    _empty,
    _late,
    _late,
    _nobody,
    _nobody,
    _old,
    _old,
    _lost_clock,
    _with("event_time breaks its contract", event_time="now"),
    _with("device breaks its contract", device=7),
]
_ODD: dict[str, list[Odd]] = {
    TELEMETRY: [
        *_ALWAYS,
        _with("battery_level breaks its contract", battery_level=300),
        _with("status breaks its contract", status="dancing"),
        _with("x without y", x=None),
    ],
    HISTORY: [
        *_ALWAYS,
        _with("the cleaning ended before it started", started=2**60),
    ],
    TILES: [
        *_ALWAYS,
        _with("the cells are not a tile of 64 x 64", encoding="raw", cells="AAAA"),
        _with("the cells are not what their encoding claims", encoding="zlib", cells="AAAA"),
        _with(
            "a cell has a label that does not exist",
            encoding="raw",
            cells=base64.b64encode(bytes([99]) * 4096).decode(),
        ),
    ],
}
