"""Rows, and columns of rows, are there only of those who had said yes when the row came."""

from collections.abc import Iterator

from jobs.verify.checks.rows import followed, policy_is, text
from jobs.verify.promise import Promise
from jobs.verify.rows.question import Question
from jobs.verify.scene import Purpose, Scene
from schemas.policies.collecting import Consent


def said_yes(promise: Promise, scene: Scene) -> Iterator[Question]:
    """As of a row's arrival its owner had said yes; and has not taken it back since."""
    if not isinstance(promise.clause, Consent):
        return
    item, clause = text(promise.clause.item), promise.clause
    every = [(table, f"rows of {table}", "true") for table in clause.tables]
    for name in clause.columns:
        table, _, column = name.partition(".")
        every.append((table, f"values of {name}", f"{column} is not null"))
    for table, what, there in every:
        yield Question(
            table=table,
            checked=f"{what} are of owners who had said yes to {clause.item} when they came",
            of=f"{policy_is(promise.vendor)} and known and not known_cancelled and {there}",
            broken=f"not coalesce(list_contains(known_consents, {item}), false)",
            what=f"stored without a yes to {clause.item}",
            registry=True,
        )
        if clause.reaches_back:
            yield Question(
                table=table,
                checked=f"{what} are gone where a yes to {clause.item} was taken back",
                of=f"{policy_is(promise.vendor)} and its_purpose = '{Purpose.ROWS}' and {there} "
                f"and not now_cancelled and {followed(scene)}",
                broken=f"not coalesce(list_contains(now_consents, {item}), false)",
                what=f"there although the yes to {clause.item} was taken back",
                registry=True,
            )
