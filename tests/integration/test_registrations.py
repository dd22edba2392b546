"""Devices move, consents change and officers mark them between a crash and its replay."""

from collections.abc import Callable

import pytest
from support.evidence.changes import all_change
from support.evidence.fleet import Fleet
from support.faults.colony import Colony, until
from support.faults.rig import wall_clock

from jobs.demo.object_store import S3Server
from schemas.retention import microseconds

pytestmark = pytest.mark.kafka

STATIC = {"FORTNIGHT_INSTANCE": "the only one"}
"""A member that comes back under its name need not wait until its session is over."""

FAULTS = ["compared/us", "compared/eu", "committed/eu", "committed/us"]


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
        colony.truth.register(all_change(fleet.registrations(), turn, fleet.now))
        colony.truth.publish(fleet.mix(300, start=turn * 1_000 + 600))
    colony.start(**STATIC)
    colony.finish()
    colony.prove()
