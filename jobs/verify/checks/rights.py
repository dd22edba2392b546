"""What officers said of a device, and what became of its rows: by marks among the registrations."""

from collections.abc import Iterator

from jobs.verify.checks.declared import ROBOTS
from jobs.verify.checks.rows import carried_out, followed, policy_is, sample_of
from jobs.verify.promise import Promise
from jobs.verify.rows.question import Question
from jobs.verify.scene import Purpose, Scene
from jobs.verify.verdict import Look
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


def stays_away(promise: Promise, scene: Scene) -> Iterator[Question]:
    """No row is there by a name that a watch entry tells of."""
    if not _is_of_erasures(promise):
        return
    watched = f"{policy_is(promise.vendor)} and watched_up_to is not null"
    for table in ROBOTS:
        yield Question(
            table=table,
            checked=f"{table}: rows of an erased subject stay away, by its watch entry",
            of=watched,
            broken=f"{_SEEN} and event_us <= watched_up_to",
            what="there again although a watch entry says that its subject was erased",
        )
        yield Question(
            table=table,
            checked=f"{table}: nothing of an erased subject stays aside when nobody restricts it",
            of=f"{watched} and named_in = its_region",
            broken=f"{_UNRESTRICTED.format(done=carried_out(scene))} and event_us <= watched_up_to",
            what="put aside although its subject was erased, and its device is not restricted",
            registry=True,
        )


def watches(promise: Promise, scene: Scene) -> Iterator[Look]:
    """Every watch entry was opened, so that it is known by which names to look."""
    if not _is_of_erasures(promise) or (seen := scene.seen) is None:
        return
    for region, said in seen.watched.items():
        pending = f"{said.pending} are of erasures that are still at work: not looked for yet"
        yield Look(
            checked=f"{region}: erased subjects are known by their watch entries",
            looked_at=said.entries,
            unit="watch entries",
            sample=sample_of(scene),
            unknown=said.unseen,
            notes=(pending,) if said.pending else (),
            repeat=f"fortnight verify --region {region}, by an officer",
        )


def _is_of_erasures(promise: Promise) -> bool:
    """Whether it is the promise of its maker that erasures are judged by."""
    if not isinstance(promise.clause, Right):
        return False
    promised = {one.right for one in promise.policy.of_kind(Right)}
    return promise.clause.right == next((one for one in _ERASES if one in promised), "")


_ERASES = ("erase", "cancel", "withdraw")
"""Rights by which rows go: a maker who promised no erasure erases all the same, where it must."""

_SEEN = f"its_purpose = '{Purpose.ROWS}'"
"""Where everybody looks: what is restricted stays apart, also where it was to be erased."""
_APART = f"its_purpose = '{Purpose.RESTRICTED}'"
_UNRESTRICTED = f"{_APART} and not now_restricted and coalesce(now_since, 0) < {{done}}"
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
            _UNRESTRICTED,
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
