"""What was stored of an account does not come after it was closed."""

from collections.abc import Iterator

from jobs.verify.checks.declared import ROBOTS
from jobs.verify.checks.rows import followed, policy_is
from jobs.verify.promise import Promise
from jobs.verify.rows.question import Question
from jobs.verify.scene import Purpose, Scene
from schemas.policies.keeping import Permanent


def no_longer(promise: Promise, scene: Scene) -> Iterator[Question]:
    """Nothing is stored of an account that was closed."""
    if not isinstance(promise.clause, Permanent):
        return
    for table in ROBOTS:
        yield Question(
            table=table,
            checked=f"rows of {table} came while their device had an account",
            of=f"{policy_is(promise.vendor)} and known",
            broken="known_cancelled",
            what="stored although its account was closed",
            registry=True,
        )
        yield Question(
            table=table,
            checked=f"rows of {table} of a closed account are gone",
            of=f"{policy_is(promise.vendor)} and its_purpose = '{Purpose.ROWS}'",
            broken=f"now_cancelled and {followed(scene)}",
            what="there although its account was closed",
            registry=True,
        )
