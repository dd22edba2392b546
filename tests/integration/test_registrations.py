"""Devices move, consents change and officers mark them between a crash and its replay."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from support.evidence.fleet import Fleet
from support.evidence.oracle import Marking, Registration
from support.faults.colony import Colony, until
from support.faults.rig import wall_clock

from jobs.demo.object_store import S3Server
from schemas.retention import microseconds

pytestmark = pytest.mark.kafka

STATIC = {"FORTNIGHT_INSTANCE": "the only one"}
"""A member that comes back under its name need not wait until its session is over."""

FAULTS = ["compared/us", "compared/eu", "committed/eu", "committed/us"]


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


def test_a_replay_judges_every_record_as_it_was_when_it_came(
    colony_on: Callable[[S3Server], Colony], s3: S3Server
) -> None:
    colony = colony_on(s3)
    fleet = Fleet(microseconds(wall_clock()), seed=201, good=0.95)
    colony.truth.register(fleet.registrations())
    for turn, step in enumerate(FAULTS):
        victim = colony.start(step=step, signal="SIGKILL", **STATIC)
        colony.truth.publish(fleet.mix(600, start=turn * 1_000))
        until(lambda one=victim: one.process.status == -9, f"it dies at {step}")  # type: ignore[misc]
        colony.workers.remove(victim)
        colony.truth.register(_changed(one, turn) for one in fleet.registrations())
        colony.truth.register(_marked(one, turn, fleet.now) for one in fleet.registrations())
        colony.truth.publish(fleet.mix(300, start=turn * 1_000 + 600))
    colony.start(**STATIC)
    colony.finish()
    colony.prove()
