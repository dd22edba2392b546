"""From questions to looks: what rows said, with the sample and the SQL that repeats it."""

from collections.abc import Iterable, Iterator

from jobs.verify.rows.question import Question
from jobs.verify.scene import ACTED_ON, Scene
from jobs.verify.seen import Seen
from jobs.verify.verdict import Look, Tally


def answered(questions: Iterable[Question], scene: Scene) -> Iterator[Look]:
    """What rows said to each question."""
    if (seen := scene.seen) is None:
        return
    for question in questions:
        tally = seen.answers.of.get(question, Tally())
        refused = (seen.answers.refused,) if question.registry else ()
        yield Look(
            checked=question.checked,
            looked_at=tally.looked_at,
            unit="rows",
            sample=sample_of(scene),
            findings=tuple(tally.findings),
            found=tally.found,
            unknown=tuple(filter(None, (*refused, *seen.not_seen))),
            repeat=question.sql,
        )


def sample_of(scene: Scene) -> str:
    """Which files that rests on, in words."""
    seen = scene.seen or Seen()
    chosen, total = len(seen.chosen), seen.files
    gone = f"; {seen.vanished} of them were gone meanwhile" if seen.vanished else ""
    if chosen == total:
        return f"all {total} files{gone}"
    return f"{chosen} of {total} files, seed {scene.sampling.seed}{gone}"


def policy_is(vendor: str) -> str:
    """SQL: rows that a maker's policy holds for."""
    return f"its_policy = {text(vendor)}"


def carried_out(scene: Scene) -> int:
    """What was said before has been acted on: microseconds.

    An erasure, or what follows a registration, is pending until every partition has passed it.
    """
    now = min((bucket.now for bucket in scene.buckets), default=scene.now)
    return int((now - ACTED_ON).timestamp()) * 1_000_000


def followed(scene: Scene) -> str:
    """SQL: what its owner said last has been acted on.

    A mark of an officer may keep a device's rows apart: they come back as they were, and what was
    said meanwhile is acted on then.
    """
    return f"greatest(now_said, coalesce(now_since, now_said)) < {carried_out(scene)}"


def text(value: str) -> str:
    """A text in SQL."""
    quoted = value.replace("'", "''")
    return f"'{quoted}'"
