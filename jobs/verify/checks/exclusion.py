"""Fields that no record may bring in are nowhere: no column, metadata, log field or tag."""

from collections.abc import Iterator
from functools import lru_cache

from jobs.verify.checks.rows import sample_of
from jobs.verify.promise import Promise
from jobs.verify.rows.names import folded
from jobs.verify.scene import Scene
from jobs.verify.seen import Seen
from jobs.verify.verdict import Look, Tally
from schemas.policies import Policies
from schemas.policies.collecting import Exclusion

_WHOLE = 3
"""A field's name of so few letters is meant as a whole word only: `ip` is in many words."""


@lru_cache(maxsize=4096)
def excluded(name: str, fields: tuple[str, ...] = ()) -> bool:
    """Whether a name is, or holds, that of a field that is kept out, however it is written."""
    word = folded(name)
    wanted = [folded(field) for field in fields or _ALL]
    return any(word == field or (len(field) > _WHOLE and field in word) for field in wanted)


def nowhere(promise: Promise, scene: Scene) -> Iterator[Look]:
    """No file, log entry or object has such a field, and no network card's address is anywhere."""
    if not isinstance(promise.clause, Exclusion) or (seen := scene.seen) is None:
        return
    names = Tally()
    for place, where, name in _names(seen):
        what = f"{where}: a field that is kept out"
        names.look(place, [what] if excluded(name, promise.clause.fields) else [])
    yield _look("no column, metadata, log field or tag is a field that is kept out", names, scene)
    addresses = seen.words.leaks.get(("address", ""), Tally())
    addresses.looked_at = seen.words.texts
    yield _look("no network card's address is in any unpacked byte", addresses, scene)


def _names(seen: Seen) -> Iterator[tuple[str, str, str]]:
    for shape, places in seen.words.shapes.items():
        for place in places:
            yield from ((place, "a column", name) for name, _ in shape.columns)
            yield from ((place, where, name) for where, name in shape.words)
    for entry in seen.entries:
        yield from ((entry.place, "a log entry", name) for name in sorted(entry.names))
    yield from seen.words.names


def _look(checked: str, tally: Tally, scene: Scene) -> Look:
    seen = scene.seen or Seen()
    return Look(
        checked=checked,
        looked_at=tally.looked_at,
        unit="names",
        sample=sample_of(scene),
        findings=tuple(tally.findings),
        found=tally.found,
        unknown=seen.not_searched,
        repeat=f"fortnight verify --seed {scene.sampling.seed}",
    )


_ALL = tuple(
    field
    for policy in Policies.shipped().all
    for clause in policy.of_kind(Exclusion)
    for field in clause.fields
)
