"""Rows lie where their device's country says; where buckets are, `configuration` looks."""

from collections.abc import Iterator

from jobs.verify.checks.declared import ROBOTS
from jobs.verify.checks.rows import policy_is, text
from jobs.verify.promise import Promise
from jobs.verify.rows.question import Question
from jobs.verify.scene import Scene
from schemas.policies.keeping import Residence


def rows(promise: Promise, scene: Scene) -> Iterator[Question]:
    """No row is in another region than its registration, its country and its name say."""
    del scene
    if not isinstance(promise.clause, Residence):
        return
    for table in ROBOTS:
        for what, other, registry in (
            ("the country in the row", "its_land", False),
            ("its device's registration", "known_region", True),
            ("the key that made its device's name", "named_in", True),
        ):
            yield Question(
                table=table,
                checked=f"rows of {table} are in the region that is told by {what}",
                of=f"{policy_is(promise.vendor)} and {other} is not null"
                f"{_known(other)}{_concerns(promise.clause, other)}",
                broken=f"{other} <> its_region",
                what=f"in another region than is told by {what}",
                registry=registry,
            )


def _known(other: str) -> str:
    return " and known and not known_cancelled" if other == "known_region" else ""


def _concerns(clause: Residence, other: str) -> str:
    """A clause on one region is about rows that belong there, and about rows that lie there."""
    if not clause.region:
        return ""
    return f" and {text(clause.region)} in ({other}, its_region)"
