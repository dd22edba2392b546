"""Columns hold what a clause collects, and nothing else; what names somebody is a pseudonym."""

from collections.abc import Iterator

from jobs.verify.checks.declared import (
    DECLARED,
    PSEUDONYMS,
    ROBOTS,
    about,
    closed_list,
    collected,
    not_collected,
)
from jobs.verify.checks.exclusion import excluded
from jobs.verify.checks.rows import policy_is, sample_of
from jobs.verify.promise import Promise
from jobs.verify.rows.names import FORM
from jobs.verify.rows.question import Question
from jobs.verify.scene import Scene
from jobs.verify.seen import Seen
from jobs.verify.stored.footers import Shape
from jobs.verify.stored.leaks import CANARY
from jobs.verify.verdict import Look, Tally

_AS_REGISTERED = ("vendor", "model", "country")
_WORD = "[A-Za-z0-9][A-Za-z0-9 ._+-]{0,31}"
"""source: the declared schema of what robots send."""
_OURS = "its_purpose <> 'holds'"
"""Held rows have pseudonyms under their hold's own key."""


def nothing_else(promise: Promise, scene: Scene) -> Iterator[Question]:
    """What no clause collects is null, in every row of the maker's robots."""
    del scene
    if not closed_list(promise):
        return
    for table, column in not_collected(promise):
        yield Question(
            table=table,
            checked=f"{table}.{column} holds nothing: no clause collects it",
            of=policy_is(promise.vendor),
            broken=f"{column} is not null",
            what=f"{column} has a value, and no clause collects it",
        )
    for table in ROBOTS:
        yield Question(
            table=table,
            checked=f"every row of {table} is of a maker whose policy is known",
            of="true",
            broken="its_policy = ''",
            what="of a maker without a policy",
        )


def pseudonyms(promise: Promise, scene: Scene) -> Iterator[Question]:
    """What names a device, a map or a session is a pseudonym; a device's is one of its own."""
    del scene
    for table, column in collected(promise):
        if column not in PSEUDONYMS[table]:
            continue
        start = "('k' || key_version || ':')"
        yield Question(
            table=table,
            checked=f"{table}.{column} is a pseudonym under the key version of its row",
            of=f"{policy_is(promise.vendor)} and {column} is not null",
            broken=f"not regexp_full_match({column}, '{FORM}') "
            f"or (its_purpose <> 'holds' and not starts_with({column}, {start}))",
            what=f"{column} is no pseudonym of its key version",
        )
        if column == "device":
            yield Question(
                table=table,
                checked=f"{table}.device is a name that a registered device has",
                of=f"{policy_is(promise.vendor)} and {_OURS}",
                broken="named_in is null",
                what="of a device that no registration names",
                registry=True,
            )


def as_registered(promise: Promise, scene: Scene) -> Iterator[Question]:
    """Maker, model and country are those of the registration that was known."""
    del scene
    for table, column in collected(promise):
        if column in _AS_REGISTERED:
            yield Question(
                table=table,
                checked=f"{table}.{column} is the registration's when the row came",
                of=f"{policy_is(promise.vendor)} and known and not known_cancelled",
                broken=f"{column} is distinct from known_{column}",
                what=f"{column} is not the registration's",
                registry=True,
            )
        if column in ("latitude", "longitude"):
            yield Question(
                table=table,
                checked=f"{table}.{column} is coarse: to a tenth of a degree",
                of=f"{policy_is(promise.vendor)} and {column} is not null",
                broken=f"abs({column} * 10 - round({column} * 10)) > 0.001",
                what=f"{column} is finer than a tenth of a degree",
            )


def words(promise: Promise, scene: Scene) -> Iterator[Question]:
    """Text is short technical words, and no place for people to write in."""
    del scene
    for table, column in collected(promise):
        if DECLARED[table][column] == "string" and column not in PSEUDONYMS[table]:
            yield Question(
                table=table,
                checked=f"{table}.{column} holds short technical words, and no free text",
                of=f"{policy_is(promise.vendor)} and {column} is not null",
                broken=f"not regexp_full_match({column}, '{_WORD}')",
                what=f"free text in {column}",
            )


def columns(promise: Promise, scene: Scene) -> Iterator[Look]:
    """Files have the declared columns, and no other."""
    if not closed_list(promise) or (seen := scene.seen) is None:
        return
    tally = Tally()
    for shape, places in seen.words.shapes.items():
        for place in places if shape.table in DECLARED else ():
            tally.look(place, _wrong(shape))
    tally += seen.words.untold
    yield _look("files have the columns that are declared, and no other", tally, scene)


def nobody_named(promise: Promise, scene: Scene) -> Iterator[Look]:
    """No identifier is in any page, dictionary, statistic, footer, log, name, tag or metadata."""
    if (seen := scene.seen) is None:
        return
    for field, kinds in (("device", ("device", CANARY)), ("account", ("account",))):
        if about(promise, field):
            tally = Tally()
            for kind in kinds:
                tally += seen.words.leaks.get((kind, promise.vendor), Tally())
            tally.looked_at = seen.words.texts if scene.registry else 0
            unknown = () if scene.registry else (scene.registry_refused or "no registry",)
            what = (
                f"no {field}'s own name is in any unpacked byte, log, object name, metadata or tag"
            )
            yield _look(what, tally, scene, *unknown)


def no_bounds(promise: Promise, scene: Scene) -> Iterator[Look]:
    """A table's log tells no smallest and largest value of what names somebody."""
    if not about(promise, "device") or (seen := scene.seen) is None:
        return
    tally = Tally()
    for entry in seen.entries:
        told = sorted(entry.bounded & {*PSEUDONYMS.get(entry.table, ())})
        tally.look(entry.place, (f"it tells bounds of {name}" for name in told))
    yield Look(
        checked="tables' logs tell no bounds of pseudonyms",
        looked_at=tally.looked_at,
        unit="log entries",
        of=seen.log_objects,
        findings=tuple(tally.findings),
        found=tally.found,
    )


def _wrong(shape: Shape) -> Iterator[str]:
    declared = DECLARED[shape.table]
    found = dict(shape.columns)
    for name in found:
        if name not in declared and not excluded(name):
            yield "it has a column that is not declared"
    if len(found) < len(shape.columns):
        yield "it has a column twice"
    for name, kind in declared.items():
        if name not in found:
            yield f"column {name} is missing"
        elif found[name] != kind:
            yield f"column {name} is of another type than is declared"


def _look(checked: str, tally: Tally, scene: Scene, *unknown: str) -> Look:
    seen = scene.seen or Seen()
    return Look(
        checked=checked,
        looked_at=tally.looked_at,
        sample=sample_of(scene),
        findings=tuple(tally.findings),
        found=tally.found,
        unknown=(*unknown, *seen.not_searched),
        repeat=f"fortnight verify --seed {scene.sampling.seed}",
    )
