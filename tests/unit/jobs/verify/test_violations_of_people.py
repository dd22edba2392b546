"""What people promised to do and did not, as ledgers tell it."""

from datetime import datetime, timedelta

import pytest
from support.configured import (
    DAY,
    NOW,
    PROMISES,
    Field,
    assured,
    books,
    clean,
    entry,
)
from support.office import BOB, START
from support.promised import (
    ACCESS,
    BY_LEDGER,
    COURTS,
    HELD,
    INCIDENTS,
    REVIEW,
    TRAINING,
    Violation,
    telling,
)

from jobs.verify.configuration.state import Configured
from schemas.acts import Ground
from schemas.assurances import ATTEST
from schemas.disclosures import DISCLOSE
from schemas.holds import PLACE
from schemas.incidents import CLOSE, TELL
from schemas.incidents import OPEN as INCIDENT
from schemas.ledger import Entry
from schemas.requests import ANSWER, EXTEND
from schemas.requests import OPEN as REQUEST

NUMBER = "R-2026-17"


def requested() -> Entry:
    scope = {"right": "access", "received": START.date().isoformat()}
    return entry(REQUEST, request=NUMBER, scope=scope, why=Ground.REQUEST)


def disclosed(**changed: Field) -> Configured:
    scope = {"clause": COURTS, "to": "courts", "document": "d", **changed.pop("scope", {})}
    given = {"why": Ground.ORDER, "request": NUMBER, "approver": BOB, **changed}
    return telling(entry(DISCLOSE, scope=scope, **given))


def happened(*more: Entry, now: datetime) -> Configured:
    scope = {"incident": "I-2026-1", "known": START.isoformat(), "due": START.isoformat()}
    return telling(entry(INCIDENT, scope=scope), *more, now=now)


VIOLATIONS = [
    Violation(
        "an entry that was changed",
        telling(broken=("entry 3: its signature is not the ledger's",)),
        BY_LEDGER,
        "its signature is not the ledger's",
    ),
    Violation(
        "entries that no anchor covers for days",
        telling(unanchored=NOW - 2 * DAY),
        BY_LEDGER,
        "could be cut off unseen",
    ),
    Violation(
        "nobody was trained",
        clean(books=(books(entries=assured(without=[TRAINING])),)),
        {TRAINING},
        "nobody signed for it",
    ),
    Violation(
        "a signature that is over",
        telling(entry(ATTEST, scope={"clause": TRAINING, "document": "d", "until": "2026-11-25"})),
        {TRAINING},
        "does not count any more",
    ),
    Violation(
        "a signature for longer than the policy lets it count",
        telling(
            entry(ATTEST, NOW, scope={"clause": TRAINING, "document": "d", "until": "2099-01-01"})
        ),
        {TRAINING},
        "does not count any more",
    ),
    Violation(
        "nothing was looked through for a quarter",
        telling(now=START + 91 * DAY),
        REVIEW,
        "access list, eu: not looked through within 90 days",
    ),
    Violation(
        "one thing was never looked through",
        clean(
            books=(books(entries=assured(START + 90 * DAY, without=["operations"])),),
            now=START + 91 * DAY,
        ),
        REVIEW,
        "operations, eu: not looked through",
    ),
    Violation(
        "an overdue request",
        telling(requested(), now=START + 31 * DAY),
        ACCESS,
        f"request {NUMBER}: overdue: it was due on 2026-12-25",
    ),
    Violation(
        "a request that was answered late",
        telling(
            requested(),
            entry(ANSWER, START + 31 * DAY, request=NUMBER),
            now=START + 40 * DAY,
        ),
        ACCESS,
        "answered late",
    ),
    Violation(
        "a request that was extended and is overdue all the same",
        clean(
            books=(
                books(
                    requested(),
                    entry(EXTEND, START + DAY, request=NUMBER),
                    entries=(
                        *assured(START + 60 * DAY),
                        requested(),
                        entry(EXTEND, START + DAY, request=NUMBER),
                    ),
                ),
            ),
            now=START + 91 * DAY,
        ),
        ACCESS,
        "overdue",
    ),
    Violation(
        "data for whom no clause names",
        disclosed(scope={"to": "an advertiser"}),
        {COURTS},
        "not among its recipients",
    ),
    Violation(
        "data without the law's order",
        disclosed(why=Ground.SCHEDULE),
        {COURTS},
        "it needs law",
    ),
    Violation(
        "data that one person gave away",
        disclosed(approver=None),
        {COURTS},
        "no second person approved it",
    ),
    Violation(
        "data under a clause that there is not",
        disclosed(scope={"clause": "360-robot-vacuum/anybody"}),
        {
            "360-robot-vacuum/suppliers",
            "360-robot-vacuum/authorities",
            "360-robot-vacuum/permitted-users",
        },
        "no clause lets it go",
    ),
    Violation(
        "an incident that the authority heard of too late",
        happened(
            entry(
                TELL,
                START + 73 * timedelta(hours=1),
                scope={"incident": "I-2026-1", "told": "authority"},
            ),
            now=START + 5 * DAY,
        ),
        INCIDENTS,
        "not told within 72 hours",
    ),
    Violation(
        "data under a clause of a maker that there is not",
        disclosed(scope={"clause": "nobody/anybody"}),
        {name for name, one in PROMISES.items() if one.clause.kind == "recipients"},
        "no clause lets it go",
    ),
    Violation(
        "an incident that is closed and its subjects know nothing of",
        happened(
            entry(TELL, scope={"incident": "I-2026-1", "told": "authority"}),
            entry(CLOSE, scope={"incident": "I-2026-1", "harm": "likely"}),
            now=START + DAY,
        ),
        INCIDENTS,
        "it is closed, and nobody told the subjects",
    ),
    Violation(
        "an incident that nobody told",
        happened(now=START + 4 * DAY),
        INCIDENTS,
        "not told within 72 hours",
    ),
    Violation(
        "a hold whose review is overdue",
        telling(
            entry(PLACE, scope={"hold": "case-1", "ground": "dispute", "review": "2026-11-20"})
        ),
        HELD,
        "hold case-1 of eu: its review is overdue",
    ),
    Violation(
        "a hold on nobody's ground",
        telling(
            entry(PLACE, scope={"hold": "case-1", "ground": "curiosity", "review": "2027-01-01"})
        ),
        HELD,
        "it has no ground that a policy names",
    ),
    Violation(
        "a hold without end",
        telling(entry(PLACE, scope={"hold": "case-1", "ground": "dispute"})),
        HELD,
        "nobody said when it is to be reviewed",
    ),
]


@pytest.mark.parametrize("one", VIOLATIONS, ids=lambda one: one.name)
def test_a_violation_of_people_breaks_the_promises_that_it_is_about_and_no_other(
    one: Violation,
) -> None:
    one.check()
