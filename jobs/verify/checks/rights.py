"""What officers said of a device, and what became of its rows: by marks among the registrations."""

from collections.abc import Iterator

from jobs.verify.checks.declared import ROBOTS
from jobs.verify.checks.rows import carried_out, followed, policy_is
from jobs.verify.promise import Promise
from jobs.verify.rows.question import Question
from jobs.verify.scene import Purpose, Scene
from schemas.policies.answering import Right


def kept_out(promise: Promise, scene: Scene) -> Iterator[Question]:
    """Rows of marked devices are not where the mark forbids them."""
    if not isinstance(promise.clause, Right):
        return
    for checked, broken, what in _RULES.get(promise.clause.right, ()):
        for table in ROBOTS:
            yield Question(
                table=table,
                checked=f"{table}: {checked}",
                of=f"{policy_is(promise.vendor)} and named_in = its_region",
                broken=broken.format(done=carried_out(scene), followed=followed(scene)),
                what=what,
                registry=True,
            )


_SEEN = f"its_purpose = '{Purpose.ROWS}'"
"""Where everybody looks: what is restricted stays apart, also where it was to be erased."""
_APART = f"its_purpose = '{Purpose.RESTRICTED}'"
_RULES = {
    "restrict": [
        (
            "nothing is stored of a device while it is restricted",
            f"{_SEEN} and then_restricted",
            "stored although its device was restricted",
        ),
        (
            "rows of a restricted device are put aside",
            f"{_SEEN} and now_restricted and now_since < {{done}}",
            "in use although its device is restricted",
        ),
        (
            "what is put aside is of restricted devices",
            f"{_APART} and not now_restricted and coalesce(now_since, 0) < {{done}}",
            "put aside although its device is not restricted",
        ),
    ],
    "stop": [
        (
            "nothing is stored of a device whose owner objected",
            "then_stopped",
            "stored although its owner had objected",
        )
    ],
    "erase": [
        (
            "nothing is stored of an erased device until it is bound anew",
            f"{_SEEN} and coalesce(known_bound_since, 0) <= then_erased",
            "stored although its owner's rows were erased",
        ),
        (
            "rows from before an erasure are gone",
            f"{_SEEN} and now_since < {{done}} and ingest_us <= now_erased",
            "there although its owner's rows were erased",
        ),
    ],
    "cancel": [
        (
            "nothing is stored of a device whose account was closed",
            "known and known_cancelled",
            "stored although its account was closed",
        ),
        (
            "rows of a closed account are gone",
            f"{_SEEN} and now_cancelled and {{followed}}",
            "there although its account was closed",
        ),
    ],
}
"""Right -> (what was checked, SQL of rows that break it, what is wrong with them)."""
