"""What is told of devices while records come: moves, consents, cancellations, marks.

The same device is told of again and again, turn by turn, and everything is taken back one turn
later: so a record that is judged by the wrong turn ends otherwise than it has to.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from support.evidence.oracle import Marking, Registration

_ROUNDS = 5
"""Turns until a device is told of again, where only some are told of in a turn."""


def all_change(
    fleet: Iterable[Registration], turn: int, now: int
) -> Iterator[Registration | Marking]:
    """Every device's registration and mark of a turn.

    Args:
        fleet: As it was registered first.
        turn: 0, 1, 2, ...
        now: Whoever has an erased device by then is erased; microseconds since 1970 in UTC.
    """
    devices = list(fleet)
    yield from (_changed(one, turn) for one in devices)
    yield from (_marked(one, turn, now) for one in devices)


def some_change(
    fleet: Iterable[Registration], turn: int, now: int
) -> Iterator[Registration | Marking]:
    """The same for a fifth of the devices, another one each turn."""
    some = [one for place, one in enumerate(fleet) if (place + turn) % _ROUNDS == 0]
    return all_change(some, turn // _ROUNDS, now)


def _changed(one: Registration, turn: int) -> Registration:
    """Some move to and fro, some change their mind, some go."""
    kind = sum(one.device.encode()) % 4
    if kind == 0:
        return replace(one, country=["US", "DE"][turn % 2])
    if kind == 1:
        return replace(one, consents=frozenset({"maps"}) if turn % 2 else frozenset())
    return replace(one, cancelled=turn % 2 == 0) if kind == 2 else one


def _marked(one: Registration, turn: int, now: int) -> Marking:
    """Some are restricted, stopped or erased, and it is lifted again."""
    kind = sum(one.device.encode()) % 3
    return Marking(
        one.device,
        restricted=kind == 0 and turn % 2 == 0,
        stopped=kind == 1 and turn % 3 == 1,
        erased=now if kind == 2 and turn % 2 == 1 else None,
    )
