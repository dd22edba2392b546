"""Rows, and columns of rows, are there only of those who had said yes when the row came."""

from collections.abc import Iterator

from jobs.verify.checks.rows import policy_is, text
from jobs.verify.promise import Promise
from jobs.verify.rows.question import Question
from jobs.verify.scene import Scene
from schemas.policies.collecting import Consent


def said_yes(promise: Promise, scene: Scene) -> Iterator[Question]:
    """As of a row's arrival its owner had said yes."""
    del scene
    if not isinstance(promise.clause, Consent):
        return
    item = promise.clause.item
    no = f"not coalesce(list_contains(known_consents, {text(item)}), false)"
    mine = f"{policy_is(promise.vendor)} and known and not known_cancelled"
    for table in promise.clause.tables:
        yield Question(
            table=table,
            checked=f"rows of {table} are of owners who had said yes to {item} when they came",
            of=mine,
            broken=no,
            what=f"stored without a yes to {item}",
            registry=True,
        )
    for name in promise.clause.columns:
        table, _, column = name.partition(".")
        yield Question(
            table=table,
            checked=f"{name} holds something only where its owner had said yes to {item}",
            of=f"{mine} and {column} is not null",
            broken=no,
            what=f"{column} without a yes to {item}",
            registry=True,
        )
