"""Each way in which a deployment may be set up wrongly is found, by the clauses that it breaks."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import pytest
from support.configured import (
    DAY,
    NOW,
    OTHER_ACCOUNT,
    POLICIES,
    PROMISES,
    SETTINGS,
    Field,
    assured,
    books,
    clean,
    entry,
    hop,
    kafka,
    looks,
    placed,
    topic,
    with_bucket,
    with_topic,
)
from support.office import BOB, START
from typer.testing import CliRunner

from jobs.cli import app
from jobs.kafka import BrokerPlace, Permission, Topic
from jobs.roles import lists
from jobs.roles.declared import roles
from jobs.verify.configuration.people import ANSWERED_BY
from jobs.verify.configuration.state import Configured
from jobs.verify.configuration.topics import is_in
from jobs.verify.verdict import Verdict, verdict_of
from schemas.acts import Ground
from schemas.assurances import ATTEST
from schemas.disclosures import DISCLOSE
from schemas.holds import PLACE
from schemas.incidents import CLOSE, TELL
from schemas.incidents import OPEN as INCIDENT
from schemas.ledger import Entry
from schemas.policies.answering import Right
from schemas.requests import ANSWER, EXTEND
from schemas.requests import OPEN as REQUEST
from storage.s3.evidence import DENIED, BucketEvidence, Grant, LifecycleRule, Target, Unseen

How = Literal["replication", "inventory", "access log", "notification"]
FRANKFURT, LOCAL_LAW = "360-robot-vacuum/frankfurt", "smarock/local-law"
KEPT = {"360-robot-vacuum/two-weeks", "smarock/fortnight"}
HELD = {"360-robot-vacuum/hold", "smarock/hold"}
OTHERS = {"360-robot-vacuum/suppliers", "smarock/no-third-parties"}
AT_REST, TRANSPORT = {"360-robot-vacuum/at-rest"}, {"360-robot-vacuum/transport"}
ROLES = {"360-robot-vacuum/least-privilege"}
REVIEW, INCIDENTS = {"360-robot-vacuum/access-review"}, {"360-robot-vacuum/incident"}
ACCESS = {"360-robot-vacuum/right-access", "smarock/right-access"}
TRAINING = "360-robot-vacuum/training"
DATA, DEVICES = "fleet.telemetry", "fleet.devices"
NUMBER, COURTS = "R-2026-17", "360-robot-vacuum/authorities"
BY_LEDGER = {
    name
    for name, promise in PROMISES.items()
    if promise.clause.kind in {"right", "review", "recipients", "incident", "attested", "hold"}
}
"""Promises that are told by the ledger: none of them is kept where it is not whole."""


@dataclass(frozen=True)
class Violation:
    """What is wrong, which promises that breaks, and what is said of it."""

    name: str
    found: Configured
    breaks: set[str]
    said: str


def sent(how: How, name: str, location: str, account: str = "") -> Configured:
    """The EU's rows go somewhere by themselves."""
    target = Target(how, name, location, account)
    targets = {**placed().found.targets, how: (target,)}  # type: ignore[union-attr]
    return with_bucket(placed(targets=targets))


def rules(purpose: str = "rows") -> tuple[LifecycleRule, ...]:
    """Those that have to be there."""
    found = placed(purpose).found
    assert isinstance(found, BucketEvidence)
    assert isinstance(found.lifecycle, tuple)
    return found.lifecycle


def with_rules(*more: LifecycleRule, purpose: str = "rows", instead: bool = False) -> Configured:
    """Rules of S3 itself beside, or instead of, those that have to be there."""
    there = () if instead else rules(purpose)
    return with_bucket(placed(purpose, lifecycle=(*there, *more)))


def allowing(*more: Permission) -> Configured:
    return clean(kafka=kafka(permissions=frozenset({*lists.plan(roles(SETTINGS)), *more})))


def telling(*more: Entry, now: datetime = NOW, **changed: Field) -> Configured:
    return clean(books=(books(*more, **changed),), now=now)


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


def tried(role: str, name: str, *operations: str) -> Configured:
    known = kafka().tried
    may = {**known[role], name: known[role][name] | set(operations)}
    return clean(kafka=kafka(tried={**known, role: may}))


BUCKETS = [
    Violation(
        "a bucket in the US",
        with_bucket(placed(location="us-east-1")),
        {FRANKFURT, LOCAL_LAW},
        "it is in us-east-1, and must stay in eu-central-1",
    ),
    Violation(
        "a bucket of held rows in the US",
        with_bucket(placed("holds", location="us-east-1")),
        {FRANKFURT, LOCAL_LAW},
        "it is in us-east-1",
    ),
    Violation(
        "anchors in the US",
        with_bucket(placed("anchors", location="us-east-1")),
        {FRANKFURT},
        "it is in us-east-1",
    ),
    Violation(
        "replicated to another region",
        sent("replication", "us-rows", "us-east-1"),
        {FRANKFURT, LOCAL_LAW},
        "replication sends to us-east-1",
    ),
    Violation(
        "replicated to a bucket that nobody named",
        sent("replication", "backup", "eu-central-1"),
        OTHERS,
        "bucket backup, which no setting names",
    ),
    Violation(
        "events to another region",
        sent("notification", "arn:aws:sqs:us-east-1", "us-east-1"),
        {FRANKFURT},
        "notification sends to us-east-1",
    ),
    Violation(
        "events to another account",
        sent("notification", "arn:aws:sqs", "eu-central-1", OTHER_ACCOUNT),
        OTHERS,
        f"notification goes to account {OTHER_ACCOUNT}",
    ),
    Violation(
        "an inventory in another region",
        sent("inventory", "lists", "us-east-1"),
        {FRANKFURT},
        "inventory sends to us-east-1",
    ),
    Violation(
        "an access log in another region",
        sent("access log", "logs", "us-east-1"),
        {FRANKFURT},
        "access log sends to us-east-1",
    ),
    Violation(
        "moved to a glacier",
        with_rules(LifecycleRule(prefix="map_tiles/", classes=("GLACIER",))),
        {FRANKFURT, LOCAL_LAW},
        "moved to storage class GLACIER",
    ),
    Violation(
        "copies in a bucket that nobody named",
        clean(others={"old-eu": ("telemetry",)}),
        {FRANKFURT, LOCAL_LAW},
        "old-eu: it has a folder telemetry",
    ),
    Violation(
        "not encrypted by default",
        with_bucket(placed(encryption="")),
        AT_REST,
        "not encrypted by default",
    ),
    Violation(
        "one object in the clear",
        with_bucket(placed(objects={"telemetry/b": ""})),
        AT_REST,
        "eu-rows/telemetry/b: it is not encrypted",
    ),
    Violation(
        "a key in the clear",
        clean(keyring={"eu k1": "passphrase", "eu k2": ""}),
        AT_REST,
        "key eu k2: its secret is in the clear",
    ),
    Violation(
        "a keyring that others may read",
        clean(keyring_open=True),
        AT_REST,
        "others than its owner",
    ),
    Violation(
        "open to the public",
        with_bucket(placed(open_ways=("BlockPublicPolicy",))),
        OTHERS,
        "BlockPublicPolicy is off",
    ),
    Violation(
        "a policy for everybody",
        with_bucket(placed(grants=(Grant("everybody"),))),
        OTHERS,
        "everybody is let in",
    ),
    Violation(
        "a policy for another account",
        with_bucket(placed("anchors", grants=(Grant("account", OTHER_ACCOUNT),))),
        OTHERS,
        f"account {OTHER_ACCOUNT} is let in",
    ),
    Violation(
        "no backstop at all",
        with_rules(LifecycleRule(noncurrent_days=1), instead=True),
        KEPT,
        "S3 itself removes nothing of telemetry within 15 days",
    ),
    Violation(
        "a backstop that leaves out what has a tag",
        with_rules(LifecycleRule("", narrowed=True, days=15, noncurrent_days=1), instead=True),
        KEPT,
        "removes nothing of map_tiles",
    ),
    Violation(
        "removed after a week",
        with_rules(LifecycleRule(prefix="telemetry/date=", days=7)),
        KEPT,
        "removes telemetry/date= too early",
    ),
    Violation(
        "removed with its log and its ledger",
        with_rules(LifecycleRule(days=15)),
        KEPT,
        "removes more than rows: everything",
    ),
    Violation(
        "versions that are left",
        with_bucket(placed(versioning="Enabled", lifecycle=rules()[1:])),
        KEPT,
        "it keeps versions",
    ),
    Violation(
        "held rows that S3 removes",
        with_rules(LifecycleRule(days=15), purpose="holds"),
        HELD,
        "removes by date what has to wait",
    ),
    Violation(
        "restricted rows that S3 removes at a date",
        with_rules(LifecycleRule(dated=True), purpose="restricted"),
        HELD,
        "removes by date what has to wait",
    ),
]

KAFKA = [
    Violation(
        "a topic of 30 days",
        clean(kafka=with_topic(DATA, retention_ms=str(30 * 86_400_000))),
        KEPT,
        "records stay up to 30.50 days, and 5.00 days are left",
    ),
    Violation(
        "a sum that is too long although each part is short",
        clean(kafka=with_topic(DATA, retention_ms="345600000", segment_ms="86400000")),
        KEPT,
        "records stay up to 5.00 days",
    ),
    Violation(
        "a topic that keeps for ever",
        clean(kafka=with_topic(DATA, retention_ms="-1")),
        KEPT,
        "records stay for ever",
    ),
    Violation(
        "a data topic that is compacted too",
        clean(kafka=with_topic(DATA, cleanup_policy="compact,delete")),
        KEPT,
        "cleanup.policy is compact,delete",
    ),
    Violation(
        "segments in remote storage",
        clean(kafka=with_topic(DATA, remote_storage_enable="true")),
        KEPT,
        "remote storage",
    ),
    Violation(
        "the robots' clocks",
        clean(kafka=with_topic(DATA, message_timestamp_type="CreateTime")),
        KEPT,
        "message.timestamp.type is CreateTime",
    ),
    Violation(
        "registrations that age",
        clean(kafka=with_topic(DEVICES, cleanup_policy="delete")),
        {"360-robot-vacuum/account-permanent"},
        "cleanup.policy is delete",
    ),
    Violation(
        "tombstones that go too soon",
        clean(kafka=with_topic(DEVICES, delete_retention_ms="86400000")),
        {"360-robot-vacuum/account-permanent"},
        "does not learn of a cancellation",
    ),
    Violation(
        "registrations without an order",
        clean(
            kafka=kafka(
                topics={
                    **kafka().topics,  # type: ignore[dict-item]
                    DEVICES: Topic(DEVICES, "id", 6, topic(DEVICES).settings),
                }
            )
        ),
        {"360-robot-vacuum/account-permanent"},
        "6 partitions",
    ),
    Violation(
        "a copy of a topic",
        clean(kafka=kafka(strays={"mirror": True})),
        KEPT,
        "mirror: it has records of devices of ours",
    ),
    Violation(
        "a broker in the US",
        clean(kafka=kafka(brokers=(BrokerPlace(1, "kafka:9092", "use1-az1"),))),
        {FRANKFURT},
        "its rack is use1-az1",
    ),
    Violation(
        "a broker in a region whose name begins alike",
        clean(kafka=kafka(brokers=(BrokerPlace(1, "kafka:9092", "euc2-az1"),))),
        {FRANKFURT},
        "its rack is euc2-az1",
    ),
    Violation(
        "a role with a right too many",
        allowing(Permission("User:watch", "Topic", DEVICES, "Write")),
        ROLES | OTHERS,
        "User:watch: Write on Topic fleet.devices: a role may do more",
    ),
    Violation(
        "a stranger whose right is a prefix",
        allowing(Permission("User:who", "Topic", "fleet.", "Read", prefixed=True)),
        ROLES | OTHERS,
        "somebody who is no role",
    ),
    Violation(
        "lists that nobody asks",
        clean(kafka=kafka(unguarded=True)),
        ROLES | OTHERS,
        "no authorizer",
    ),
    Violation(
        "a role that is not refused",
        tried("analyst", DATA, "Read", "Describe"),
        ROLES,
        "analyst on fleet.telemetry: it may Read",
    ),
    Violation(
        "a broker in the clear",
        clean(hops=(hop(in_the_clear=True), hop("s3"))),
        TRANSPORT,
        "answers in the clear",
    ),
    Violation(
        "a bucket that answers strangers",
        clean(hops=(hop(), hop("s3", to_strangers=True))),
        TRANSPORT,
        "answers strangers",
    ),
]

LEDGER = [
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


@pytest.mark.parametrize("one", [*BUCKETS, *KAFKA, *LEDGER], ids=lambda one: one.name)
def test_a_violation_breaks_the_promises_that_it_is_about_and_no_other(one: Violation) -> None:
    found = {name: looks(name, one.found) for name in PROMISES}
    broken = {name for name, each in found.items() if verdict_of(each) is Verdict.BROKEN}
    assert broken == one.breaks
    for name in broken:
        said = [str(finding) for look in found[name] for finding in look.findings]
        assert any(one.said in text for text in said), said


def test_nothing_is_found_where_everything_is_as_it_has_to_be() -> None:
    verdicts = {name: verdict_of(looks(name, clean())) for name in PROMISES}
    kinds = {name: PROMISES[name].clause.kind for name in PROMISES}
    attested = {name for name, kind in kinds.items() if kind == "attested"}
    assert {name for name, one in verdicts.items() if one is Verdict.ATTESTED} == attested
    assert {one for name, one in verdicts.items() if name not in attested} == {Verdict.HELD}


DENIED_ALL = placed(
    location=Unseen(DENIED),
    encryption=Unseen(DENIED),
    open_ways=Unseen(DENIED),
    grants=Unseen(DENIED),
    versioning=Unseen(DENIED),
    lifecycle=Unseen(DENIED),
    targets=dict.fromkeys(placed().found.targets, Unseen(DENIED)),  # type: ignore[union-attr]
    objects={"a": Unseen(DENIED)},
)
NO_KAFKA = dict.fromkeys(
    ("topics", "all_topics", "groups", "brokers", "permissions"), Unseen("no answer")
)


@pytest.mark.parametrize(
    ("found", "unknown"),
    [
        (with_bucket(DENIED_ALL), {FRANKFURT, LOCAL_LAW, *KEPT, *OTHERS, *AT_REST}),
        (
            with_bucket(replace(DENIED_ALL, found=Unseen("no answer"))),
            {FRANKFURT, LOCAL_LAW, *KEPT, *OTHERS, *AT_REST},
        ),
        (
            with_bucket(replace(DENIED_ALL, found=None)),
            {FRANKFURT, LOCAL_LAW, *KEPT, *OTHERS, *AT_REST},
        ),
        (clean(others=Unseen(DENIED)), {FRANKFURT, LOCAL_LAW}),
        (clean(others={"hidden": Unseen(DENIED)}), {FRANKFURT, LOCAL_LAW}),
        (
            clean(kafka=kafka(tried={}, **NO_KAFKA)),
            {FRANKFURT, *KEPT, *OTHERS, *ROLES, "360-robot-vacuum/account-permanent"},
        ),
        (clean(kafka=kafka(brokers=(BrokerPlace(1, "kafka:1", ""),))), {FRANKFURT}),
        (clean(kafka=kafka(strays={"mirror": Unseen(DENIED)})), KEPT),
        (clean(hops=()), TRANSPORT),
        (clean(hops=(hop(answers=False), hop("s3"))), TRANSPORT),
        (clean(hops=(hop(local=True, in_the_clear=True), hop("s3"))), TRANSPORT),
        (clean(keyring=Unseen("it is not on this machine")), AT_REST),
        (
            with_bucket(placed(grants=(Grant("everybody", "", conditional=True),))),
            OTHERS,
        ),
        (telling(refused="no answer"), BY_LEDGER),
        (telling(anchors="a folder"), {FRANKFURT}),
    ],
)
def test_what_cannot_be_seen_is_never_held(found: Configured, unknown: set[str]) -> None:
    verdicts = {name: verdict_of(looks(name, found)) for name in PROMISES}
    assert {name for name, one in verdicts.items() if one is Verdict.NOT_CHECKABLE} == unknown
    assert Verdict.BROKEN not in verdicts.values()


def test_a_review_that_is_not_due_yet_is_no_violation() -> None:
    young = clean(books=(books(entries=assured(without=["operations"])),))
    assert verdict_of(looks("360-robot-vacuum/access-review", young)) is Verdict.HELD


@pytest.mark.parametrize(
    ("rack", "location"),
    [
        ("eu-central-1a", "eu-central-1"),
        ("euc1-az3", "eu-central-1"),
        ("apse2-az1", "ap-southeast-2"),
        ("usw2-az1", "us-west-2"),
    ],
)
def test_racks_are_told_as_zones_or_as_their_ids(rack: str, location: str) -> None:
    assert is_in(rack, location)
    assert not is_in(rack, "eu-west-1")


def test_every_right_of_every_policy_has_a_command_or_is_the_account_services() -> None:
    rights = {one.right for policy in POLICIES.all for one in policy.of_kind(Right)}
    assert rights - ANSWERED_BY.keys() == {"settings"}
    for command in ANSWERED_BY.values():
        found = CliRunner().invoke(app, [*command.split(), "--help"])
        assert found.exit_code == 0, found.output
