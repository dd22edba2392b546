"""What shows a home is there for a fault only, shows no more than it may, and is a special case."""

from collections.abc import Iterator
from datetime import timedelta

from jobs.verify.checks.rows import policy_is, sample_of
from jobs.verify.promise import Promise
from jobs.verify.rows.question import Question
from jobs.verify.scene import Scene
from jobs.verify.verdict import Finding, Look
from schemas.policies.collecting import Label, MapGate

_LABELS: dict[Label, tuple[int, ...]] = {
    "unknown": (0,),
    "floor": (1,),
    "wall": (2,),
    "path": (3,),
    "segments": tuple(range(4, 35)),
}
"""source: the declared note of `map_tiles.cells`."""

_SETTLED = timedelta(hours=1)
"""A reading may come so much later than the tile that its fault explains."""
_READINGS = "telemetry"
_MICROSECOND = timedelta(microseconds=1)


def for_a_fault(promise: Promise, scene: Scene) -> Iterator[Question]:
    """Every such row, or column of it, names a fault."""
    del scene
    if not isinstance(promise.clause, MapGate):
        return
    gate, mine = promise.clause, policy_is(promise.vendor)
    none = f"({gate.fault} is null or {gate.fault} = 'none')"
    if not gate.columns:
        yield Question(
            table=gate.table,
            checked=f"every row of {gate.table} names the fault that it is there for",
            of=mine,
            broken=none,
            what="without a fault",
        )
    for column in gate.columns:
        yield Question(
            table=gate.table,
            checked=f"{gate.table}.{column} holds something only in a row that names a fault",
            of=f"{mine} and {column} is not null",
            broken=none,
            what=f"{column} without a fault",
        )


def no_more_than(promise: Promise, scene: Scene) -> Iterator[Question]:
    """Cells have no other labels than the policy lets a map show."""
    del scene
    if not isinstance(promise.clause, MapGate) or not promise.clause.shows:
        return
    labels = [label for shown in promise.clause.shows for label in _LABELS[shown]]
    allowed = "|".join(f"{label:02X}" for label in sorted(labels))
    yield Question(
        table=promise.clause.table,
        checked=f"cells show {', '.join(promise.clause.shows)} and nothing else",
        of=f"{policy_is(promise.vendor)} and encoding = 'raw'",
        broken=f"not regexp_full_match(hex(cells), '(?:{allowed})*')",
        what="cells that show more than outlines",
    )


def special_case(promise: Promise, scene: Scene) -> Iterator[Look]:
    """Tiles are few beside readings: else what is stored is no special case."""
    gate, seen = promise.clause, scene.seen
    if not isinstance(gate, MapGate) or gate.share_at_most is None or seen is None:
        return
    rows = seen.measures.rows
    for region in scene.regions:
        tiles = rows.get((promise.vendor, region, gate.table), 0.0)
        readings = rows.get((promise.vendor, region, _READINGS), 0.0)
        permille = round(1000 * tiles / readings) if readings else 1000 * bool(tiles)
        limit = round(1000 * gate.share_at_most)
        what = f"{permille} tiles for each 1000 readings, and {limit} may be"
        place = f"{gate.table} in {region}"
        yield Look(
            checked=f"{place}: at most {limit} tiles for each 1000 readings",
            looked_at=round(tiles + readings),
            unit="rows",
            sample=sample_of(scene),
            findings=(Finding(place, what),) if permille > limit else (),
            unknown=seen.not_seen,
            notes=(what,),
            repeat=f"select its_policy, region, count(*) from {gate.table} group by all",  # noqa: S608 - to be read
        )


def reported(promise: Promise, scene: Scene) -> Iterator[Look]:
    """A tile's fault is one that its robot's readings tell of too, about the same time."""
    gate, seen = promise.clause, scene.seen
    if not isinstance(gate, MapGate) or gate.reported_within is None or seen is None:
        return
    within = gate.reported_within
    checked = f"a reading with a fault is within {within} of each tile that was stored for one"
    if len(seen.chosen) < seen.files:
        yield Look(checked=checked, notes=("only --deep compares: it needs every reading",))
        return
    if seen.vanished:
        gone = f"{seen.vanished} of {seen.files} files were gone meanwhile, and readings with them"
        yield Look(checked=checked, notes=(f"not compared: {gone}",))
        return
    now = min(bucket.now for bucket in scene.buckets)
    since = now - scene.policies.retention + timedelta(hours=25) + within
    since_us, until_us = (int(at.timestamp()) * 1_000_000 for at in (since, now - _SETTLED))
    found = seen.measures.alone(promise.vendor, within // _MICROSECOND, since_us, until_us)
    alone = sum(one for _, _, one, _ in found)
    yield Look(
        checked=checked,
        looked_at=sum(tiles for _, tiles, _, _ in found),
        unit="tiles, a minute's once",
        sample=sample_of(scene),
        findings=tuple(
            Finding(place, f"{habit} tiles of robots whose readings mostly tell of no such fault")
            for place, _, _, habit in found
            if habit
        ),
        unknown=tuple(filter(None, (seen.answers.refused, *seen.not_seen))),
        notes=(f"{alone} have no such reading; one that was rejected may be missing",),
        repeat=f"fortnight verify --deep --seed {scene.sampling.seed}",
    )
