"""Kind of clause -> what looks at how things are set up for it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from jobs.roles.declared import roles
from jobs.verify.configuration import (
    books,
    encryption,
    lifecycles,
    openings,
    people,
    places,
    topics,
    transport,
)
from jobs.verify.configuration import roles as of_roles
from jobs.verify.configuration.state import Configured
from jobs.verify.promise import Check, Promise
from jobs.verify.verdict import Look
from schemas.policies.answering import (
    Attested,
    Incident,
    Minimisation,
    Recipients,
    Review,
    Right,
)
from schemas.policies.keeping import Hold, Permanent, Residence, Retention, Storage, Transport
from schemas.settings import Settings

if TYPE_CHECKING:
    from jobs.verify.scene import Scene

Judge = Callable[[Promise, Any, Configured, Settings], Iterable[Look]]
"""A clause of its kind, how everything is set up, and how the settings say it should be."""


def _retention(
    _: Promise, clause: Retention, found: Configured, chosen: Settings
) -> Iterator[Look]:
    yield from lifecycles.removed_in_time(clause, found)
    yield from topics.retention(clause, found.kafka, chosen.late_window)


def _permanent(_: Promise, clause: Permanent, found: Configured, __: Settings) -> Iterator[Look]:
    yield from topics.permanent(clause, found.kafka)


def _residence(_: Promise, clause: Residence, found: Configured, __: Settings) -> Iterator[Look]:
    yield from places.places(clause, found)
    yield from places.undeclared(found)
    yield from lifecycles.not_moved(found)
    yield from books.places(clause, found)
    yield from topics.places(clause, found.kafka)


def _storage(_: Promise, clause: Storage, found: Configured, __: Settings) -> Iterator[Look]:
    yield from encryption.at_rest(clause, found)


def _transport(_: Promise, clause: Transport, found: Configured, __: Settings) -> Iterator[Look]:
    yield from transport.hops(clause, found)


def _hold(_: Promise, clause: Hold, found: Configured, __: Settings) -> Iterator[Look]:
    yield from lifecycles.left_alone(found)
    yield from people.held(clause, found)


def _recipients(
    promise: Promise, clause: Recipients, found: Configured, chosen: Settings
) -> Iterator[Look]:
    """Who else is let in matters to the clause that lets nobody else in: not to authorities'."""
    yield from people.given_away(promise, clause, found)
    if {"function", "reason"}.intersection(clause.needs):
        yield from openings.closed(found)
        yield _permissions(found, chosen)


def _minimisation(
    _: Promise, clause: Minimisation, found: Configured, chosen: Settings
) -> Iterator[Look]:
    yield of_roles.tables(clause, roles(chosen))
    yield _permissions(found, chosen)
    yield of_roles.denials(roles(chosen), found.kafka)
    yield of_roles.in_s3(found.in_s3)


def _permissions(found: Configured, chosen: Settings) -> Look:
    is_local = all(hop.local for hop in found.hops if hop.hop == "kafka")
    return of_roles.permissions(roles(chosen), found.kafka, local=is_local)


def _right(_: Promise, clause: Right, found: Configured, __: Settings) -> Iterator[Look]:
    yield from people.answered(clause, found)


def _review(_: Promise, clause: Review, found: Configured, __: Settings) -> Iterator[Look]:
    yield from people.reviewed(clause, found)


def _incident(_: Promise, clause: Incident, found: Configured, __: Settings) -> Iterator[Look]:
    yield from people.told(clause, found)


def _attested(
    promise: Promise, clause: Attested, found: Configured, __: Settings
) -> Iterator[Look]:
    yield from people.attested(promise, clause, found)


JUDGES: Mapping[str, Judge] = {
    "retention": _retention,
    "permanent": _permanent,
    "residency": _residence,
    "storage": _storage,
    "transport": _transport,
    "hold": _hold,
    "recipients": _recipients,
    "minimisation": _minimisation,
    "right": _right,
    "review": _review,
    "incident": _incident,
    "attested": _attested,
}


def _check(judge: Judge) -> Check:
    def check(promise: Promise, scene: "Scene") -> Iterable[Look]:
        if scene.configured is None:
            return [Look(checked="how it is set up", unknown=("nobody looked",))]
        return judge(promise, promise.clause, scene.configured, scene.settings)

    return check


CHECKS: Mapping[str, tuple[Check, ...]] = {kind: (_check(one),) for kind, one in JUDGES.items()}
"""Kind of clause -> what looks at it."""
