"""What a ledger tells of drills on canaries, and what is said where they are late or went badly."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

import msgspec
import pytest
from support.configured import NOW, POLICIES, PROMISES, SETTINGS, books, clean, entry
from support.office import EU, START

from jobs.verify import Scene
from jobs.verify.checks.drills import drilled, nobody_else
from jobs.verify.promise import Check
from jobs.verify.rows.registry import Registry, Word
from jobs.verify.verdict import Verdict, verdict_of
from schemas.canaries import canaries
from schemas.drills import (
    ACCESS,
    BEGUN,
    DRILL,
    EVERY,
    FAILED,
    PASSED,
    STEPS,
    new_series,
    request_of,
)
from schemas.ledger import Entry
from schemas.ledger_keys import LedgerKey
from schemas.regions import Residency
from schemas.requests import ANSWER, OPEN, Right
from schemas.retention import microseconds
from storage.s3.evidence import Unseen

KEY = LedgerKey.generate(EU)
CANARY = next(one for one in canaries() if (one.region, one.vendor) == (EU, "smarock"))
TAG = KEY.tag("device", CANARY.device)
SERIES = new_series(START, 1)
RIGHTS = [one for name, one in PROMISES.items() if name.startswith("smarock/right-")]
ACCESSING, ERASING = "right-access", "right-erase"
"""What this maker promises of that which is drilled; the rest is judged with the first."""

ACTS: dict[Right, list[tuple[str, dict[str, str]]]] = {
    Right.CONFIRM: [("subject confirm", {})],
    Right.ACCESS: [(ACCESS, {})],
    Right.RESTRICT: [
        ("subject restrict", {"what": "restricted", "state": "complete"}),
        ("subject restrict", {"what": "lifted", "state": "complete"}),
    ],
    Right.ERASE: [("subject erase", {"state": "begun"}), ("subject erase", {"state": "complete"})],
}


def of_drill(state: str, at: datetime = START, **scope: str) -> Entry:
    said = {"maker": CANARY.vendor, "series": SERIES, "state": state, **scope}
    return entry(DRILL, at, subject=TAG, scope=said)


def whole(*without: str, subject: str = TAG, at: datetime = START) -> list[Entry]:
    """A drill that went well, and everything that a ledger tells of it, but some acts."""
    told = [of_drill(BEGUN, at)]
    for step in STEPS:
        number = request_of(SERIES, step)
        acts = [(OPEN, {"right": str(step)}), *ACTS[step], (ANSWER, {})]
        told += [
            entry(name, at, request=number, subject=subject, scope=scope)
            for name, scope in acts
            if name not in without and scope.get("what") not in without
        ]
    return [*told, of_drill(PASSED, at)]


def scene(
    told: Iterable[Entry],
    now: datetime = NOW,
    *,
    runs: bool = True,
    changed: Mapping[str, str | int] = MappingProxyType({}),
) -> Scene:
    """What is told of drills, where a canary is registered, as something else or not at all."""
    named = {"device": CANARY.device, "vendor": CANARY.vendor, "account": CANARY.account}
    said = {**named, "model": "X1", "country": "DE", **changed}
    words = [Word(0, 1, CANARY.device.encode(), msgspec.json.encode(said))] if runs else []
    return Scene(
        settings=SETTINGS,
        policies=POLICIES,
        residency=Residency.shipped(),
        buckets=(),
        registry=Registry.of(words),
        configured=clean(books=(books(*told),), now=now),
        now=now,
        ledger_key=lambda _: KEY,
    )


def verdicts(given: Scene, of: Check = drilled) -> dict[str, Verdict]:
    """Of its maker's promises of rights, those that drills say something of."""
    named = {one.clause.id: [*of(one, given)] for one in RIGHTS}
    return {name: verdict_of(looks) for name, looks in named.items() if looks}


def test_a_drill_that_went_well_lately_is_held_and_one_that_is_not_due_yet_is_nothing() -> None:
    assert set(verdicts(scene(whole())).values()) == {Verdict.HELD}
    assert set(verdicts(scene([])).values()) == {Verdict.NOTHING}
    assert set(verdicts(scene([], NOW + EVERY, runs=False)).values()) == {Verdict.NOTHING}


@pytest.mark.parametrize(
    ("told", "late", "broken"),
    [
        pytest.param([], EVERY, {ACCESSING, ERASING}, id="never"),
        pytest.param(whole(), EVERY, {ACCESSING, ERASING}, id="long ago"),
        pytest.param([*whole(), of_drill(FAILED, NOW, step="erase")], None, {ERASING}, id="failed"),
        pytest.param(whole("lifted"), None, {ACCESSING}, id="never lifted"),
        pytest.param(whole("subject erase"), None, {ERASING}, id="nobody erased"),
        pytest.param(whole(ACCESS), None, {ACCESSING}, id="no copy"),
        pytest.param(whole(ANSWER), EVERY, {ACCESSING, ERASING}, id="no answer"),
    ],
)
def test_a_violation_of_a_drill_is_found_by_the_rights_that_it_is_of(
    told: list[Entry], late: timedelta | None, broken: set[str]
) -> None:
    found = verdicts(scene(told, NOW + (late or timedelta(0))))
    assert {right for right, one in found.items() if one is Verdict.BROKEN} == broken


def test_a_violation_of_the_second_person_by_a_drill_of_somebody_who_is_no_canary_is_found() -> (
    None
):
    told = scene(whole(subject=KEY.tag("device", "SN-0815")))
    assert verdicts(told, nobody_else)[ACCESSING] is Verdict.BROKEN
    assert verdicts(scene(whole()), nobody_else)[ACCESSING] is Verdict.HELD
    blind = replace(told, ledger_key=lambda _: Unseen("it is not at hand"))
    assert verdicts(blind, nobody_else)[ACCESSING] is Verdict.NOT_CHECKABLE


def test_where_nobody_says_who_devices_are_a_drill_that_never_was_is_not_checkable() -> None:
    blind = replace(scene([]), registry=None, registry_refused="Kafka was left out")
    assert set(verdicts(blind).values()) == {Verdict.NOT_CHECKABLE}


@pytest.mark.parametrize(
    "changed", [{"vendor": "360"}, {"account": "ada@example.com"}, {"country": "FR"}]
)
def test_a_violation_of_a_canarys_name_by_a_device_that_took_it_is_found(
    changed: dict[str, str | int],
) -> None:
    assert set(verdicts(scene(whole(), changed=changed)).values()) == {Verdict.BROKEN}


def test_a_canary_that_was_bound_lately_is_not_due_yet_however_old_its_region_is() -> None:
    now = NOW + timedelta(days=365)
    lately = microseconds(now - EVERY + timedelta(hours=1))
    assert set(verdicts(scene([], now, changed={"bound_since": lately})).values()) == {
        Verdict.NOTHING
    }
    long_ago = microseconds(now - EVERY - timedelta(hours=1))
    assert set(verdicts(scene([], now, changed={"bound_since": long_ago})).values()) == {
        Verdict.BROKEN
    }


def test_a_weekly_drill_may_take_a_day_or_two_longer() -> None:
    late = START + timedelta(days=9)
    assert set(verdicts(scene(whole(), late)).values()) == {Verdict.HELD}
