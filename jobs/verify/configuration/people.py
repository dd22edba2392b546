"""What people promised to do, and when they did, as the ledgers tell it."""

from collections.abc import Iterator
from datetime import date, timedelta

from jobs.verify.configuration import books
from jobs.verify.configuration.looking import Looking
from jobs.verify.configuration.state import Configured
from jobs.verify.promise import Promise
from jobs.verify.verdict import Look
from schemas.assurances import attestations, reviews
from schemas.disclosures import Disclosure, disclosures, unmet
from schemas.holds import Hold as Kept
from schemas.holds import lasting
from schemas.incidents import Incident as Happened
from schemas.incidents import Told, incidents
from schemas.policies import Policies
from schemas.policies.answering import Attested, Incident, Recipients, Review, Right
from schemas.policies.keeping import Hold
from schemas.requests import Request, register

_REPORT = "fortnight ledger report"
ANSWERED_BY = {
    "confirm": "subject confirm",
    "access": "subject access",
    "correct": "subject correct",
    "restrict": "subject restrict",
    "stop": "subject stop",
    "withdraw": "subject withdraw",
    "erase": "subject erase",
    "cancel": "subject cancel",
    "complain": "subject complain",
}
"""Right -> the command that answers it. The last, `settings`, the account service answers: what it
registers holds for every record that comes later."""

_EXTENDED = 3
"""Times the due time, where it was extended: GDPR Art. 12(3), one month and two more."""


def attested(promise: Promise, clause: Attested, configured: Configured) -> Iterator[Look]:
    """Somebody signed for it, in every region, and that still counts."""
    yield books.chain(configured)
    looking = Looking(f"somebody signed for it: {clause.document}", "ledgers", "fortnight attest")
    signed = []
    for each in books.readable(configured):
        found = attestations(each.entries).get(promise.name)
        place = f"ledger of {each.region}"
        today = configured.now.date()
        if found is None:
            looking.at(place, ["nobody signed for it"])
        elif not found.is_valid(today) or found.until > found.signed.date() + clause.valid:
            looking.at(place, ["what was signed does not count any more"])
        else:
            looking.at(place, ())
            said = f"SHA-256 {found.document}, by {found.signer}, until {found.until}"
            signed.append(f"{place}: {said}")
    yield looking.end(attested=signed)


def reviewed(clause: Review, configured: Configured) -> Iterator[Look]:
    """What has to be looked through was, not longer ago than promised."""
    yield books.chain(configured)
    looking = Looking("it was looked through in time", "reviews", "fortnight review")
    for each in books.readable(configured):
        done = reviews(each.entries)
        for what in clause.looks_at:
            last = done[what].done if what in done else each.since
            place = f"{what}, {each.region}"
            if what not in done and last and configured.now - last <= clause.every:
                looking.notes.append(f"{place}: due {last + clause.every:%Y-%m-%d}")
            elif last is None or configured.now - last > clause.every:
                looking.at(place, [f"not looked through within {clause.every.days} days"])
            else:
                looking.at(place, ())
    yield looking.end()


def answered(clause: Right, configured: Configured) -> Iterator[Look]:
    """Every request is answered or refused within its time, and on a ground that is promised."""
    yield books.chain(configured)
    looking = Looking("requests are answered in time", "requests", "fortnight requests list --all")
    if command := ANSWERED_BY.get(clause.right):
        looking.notes.append(f"answered by `fortnight {command}`")
    for each in books.readable(configured):
        for request in register(each.entries).values():
            if request.right == clause.right:
                looking.at(f"request {request.number}", _late(request, clause, configured))
    yield looking.end()


def given_away(promise: Promise, clause: Recipients, configured: Configured) -> Iterator[Look]:
    """What was given away went to whom the policy names, for its reason, and by two persons."""
    yield books.chain(configured)
    looking = Looking("data was given to nobody else", "disclosures", _REPORT)
    for each in books.readable(configured):
        for found in disclosures(each.entries):
            place = f"ledger of {each.region}, entry {found.number}"
            if found.clause == promise.name:
                looking.at(place, _unlawful(found, clause))
            elif not _is_let_go(found, promise):
                looking.at(place, ["no clause lets it go"])
    yield looking.end()


def told(clause: Incident, configured: Configured) -> Iterator[Look]:
    """The authority heard of each incident in time, and those concerned heard of it too."""
    yield books.chain(configured)
    looking = Looking("incidents were told in time", "incidents", _REPORT)
    for each in books.readable(configured):
        for found in incidents(each.entries).values():
            looking.at(f"incident {found.number}", _untold(found, clause, configured))
    yield looking.end()


def held(clause: Hold, configured: Configured) -> Iterator[Look]:
    """Holds have a ground that a policy names, and are looked at again when they should be."""
    yield books.chain(configured)
    looking = Looking("holds have a ground, and are reviewed", "holds", "fortnight hold list")
    for each in books.readable(configured):
        for found in lasting(each.entries):
            said = _kept_too_long(found, configured.now.date())
            looking.at(f"hold {found.name} of {each.region}", said)
    looking.notes.append(f"grounds of the policy: {', '.join(clause.grounds)}")
    yield looking.end()


def _kept_too_long(found: Kept, today: date) -> Iterator[str]:
    known = {
        ground
        for policy in Policies.shipped().all
        for clause in policy.of_kind(Hold)
        for ground in clause.grounds
    }
    if found.ground not in known:
        yield "it has no ground that a policy names"
    if found.review is None:
        yield "nobody said when it is to be reviewed"
    elif found.review < today:
        yield "its review is overdue"


def _late(request: Request, clause: Right, configured: Configured) -> Iterator[str]:
    due = request.received + clause.due * (_EXTENDED if request.extended else 1)
    if (request.closed or configured.now.date()) > due:
        word = "answered late" if request.closed else "overdue"
        yield f"{word}: it was due on {due}"


def _unlawful(found: Disclosure, clause: Recipients) -> Iterator[str]:
    yield from unmet(clause, found.to, found.why)
    if not found.approved:
        yield "no second person approved it"
    if not found.request:
        yield "nobody asked for it"


def _untold(found: Happened, clause: Incident, configured: Configured) -> Iterator[str]:
    until = found.known + clause.within
    heard = found.told.get(Told.AUTHORITY) or (found.closed if found.is_harmless else None)
    if (heard or configured.now) > until:
        yield f"the authority was not told within {clause.within / timedelta(hours=1):g} hours"
    if found.closed and not found.is_harmless:
        for whom in clause.told:
            if Told(whom) not in found.told:
                yield f"it is closed, and nobody told the {whom}"


def _is_let_go(found: Disclosure, promise: Promise) -> bool:
    """Whether another clause lets it go: of this maker's, or of another's, whose matter it is."""
    vendor = found.clause.partition("/")[0]
    if vendor != promise.vendor:
        return vendor in Policies.shipped().versions
    clauses = promise.policy.of_kind(Recipients)
    return any(found.clause == f"{vendor}/{clause.id}" for clause in clauses)
