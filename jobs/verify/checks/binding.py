"""Nothing is stored of a robot that was not bound, nor from before it was."""

from collections.abc import Iterator

from jobs.verify.checks.rows import followed, policy_is
from jobs.verify.promise import Promise
from jobs.verify.rows.question import Question
from jobs.verify.scene import Purpose, Scene
from schemas.policies.collecting import Binding


def bound(promise: Promise, scene: Scene) -> Iterator[Question]:
    """As of a row's arrival its device was bound, and the row is not from before."""
    if not isinstance(promise.clause, Binding):
        return
    mine = f"{policy_is(promise.vendor)} and known and not known_cancelled"
    for table in promise.clause.tables:
        yield Question(
            table=table,
            checked=f"rows of {table} are of devices that were bound when they came",
            of=mine,
            broken="known_bound_since is null",
            what="of a device that was not bound",
            registry=True,
        )
        yield Question(
            table=table,
            checked=f"no row of {table} is from before its device was bound",
            of=f"{mine} and known_bound_since is not null",
            broken="event_us < known_bound_since",
            what="from before the device was bound to its owner",
            registry=True,
        )
        yield Question(
            table=table,
            checked=f"rows of {table} of a former owner are gone",
            of=f"{policy_is(promise.vendor)} and its_purpose = '{Purpose.ROWS}' "
            f"and now_bound_since is not null and {followed(scene)}",
            broken="event_us < now_bound_since",
            what="of a former owner, from before the device was bound to the present one",
            registry=True,
        )
