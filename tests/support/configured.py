"""A deployment that is set up as it has to be, as values: tests break one thing of it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from support.office import ALICE, EU, START

from jobs.kafka import BrokerPlace, Topic
from jobs.office.assurances import to_attest, to_review
from jobs.roles import lists
from jobs.roles.declared import roles
from jobs.topics import plan
from jobs.verify.configuration.registry import JUDGES
from jobs.verify.configuration.roles import declared
from jobs.verify.configuration.state import Books, Configured, Hop, Kafka, Placed
from jobs.verify.promise import Promise
from jobs.verify.verdict import Look
from schemas.acts import Act, Ground
from schemas.assurances import ATTEST, REVIEW
from schemas.ledger import Entry
from schemas.policies import Policies
from schemas.settings import Settings
from schemas.tables import TABLES
from storage.s3.evidence import BucketEvidence, LifecycleRule

Field = Any
"""A value of some field."""

DAY = timedelta(days=1)
NOW = START + DAY
SETTINGS = Settings(partitions=1)
POLICIES = Policies.shipped()
ACCOUNT, OTHER_ACCOUNT = "123456789012", "210987654321"
PROMISES = {
    promise.name: promise
    for policy in POLICIES.all
    for promise in (Promise(policy, clause) for clause in policy.clauses)
    if promise.clause.kind in JUDGES
}
_BACKSTOPS = (
    LifecycleRule(noncurrent_days=1, upload_days=1),
    *(LifecycleRule(prefix=f"{table}/date=", days=15) for table in TABLES),
)


def evidence(
    name: str, location: str, *, backstops: bool = True, **changed: Field
) -> BucketEvidence:
    """A bucket as `fortnight storage init` makes it."""
    nowhere: dict[str, Any] = dict.fromkeys(
        ("replication", "inventory", "access log", "notification"), ()
    )
    given: dict[str, Any] = {
        "encryption": "AES256",
        "open_ways": (),
        "grants": (),
        "versioning": "",
        "lifecycle": _BACKSTOPS if backstops else _BACKSTOPS[:1],
        "targets": nowhere,
        "objects": {"telemetry/a": "AES256"},
    }
    return BucketEvidence(name=name, location=location, **{**given, **changed})


def placed(purpose: str = "rows", region: str = "eu", **changed: Field) -> Placed:
    """A bucket of a region."""
    location = {"eu": "eu-central-1", "us": "us-east-1"}[region]
    name = f"{region}-{purpose}"
    found = evidence(
        name, changed.pop("location", location), backstops=purpose == "rows", **changed
    )
    return Placed(name=name, region=region, purpose=purpose, set_to=location, found=found)


def topic(name: str, **changed: str) -> Topic:
    """A topic as `fortnight topics create` makes it."""
    wanted = next(one for one in plan(SETTINGS) if one.name == name)
    given = {"file.delete.delay.ms": "60000", **wanted.settings}
    return Topic(
        name, "id", 1, {**given, **{key.replace("_", "."): v for key, v in changed.items()}}
    )


def kafka(**changed: Field) -> Kafka:
    """A cluster in Frankfurt whose lists are as declared."""
    names = [one.name for one in plan(SETTINGS)]
    known = roles(SETTINGS)
    given: dict[str, Any] = {
        "topics": {name: topic(name) for name in names},
        "all_topics": tuple(names),
        "groups": ("fortnight",),
        "brokers": (BrokerPlace(1, "kafka:9092", "euc1-az2"),),
        "permissions": frozenset(lists.plan(known)),
        "tried": {role.name: {one: declared(role, one) for one in names} for role in known},
    }
    return Kafka(**{**given, **changed})


def with_topic(name: str, **changed: str) -> Kafka:
    """The cluster with one topic that is set otherwise."""
    clean = kafka()
    assert isinstance(clean.topics, Mapping)
    return replace(clean, topics={**clean.topics, name: topic(name, **changed)})


def hop(name: str = "kafka", **changed: Field) -> Hop:
    """A way that lets nobody in who must not be."""
    given = {"local": False, "answers": True, "in_the_clear": False, "to_strangers": False}
    return Hop(hop=name, place="there:1", **{**given, **changed})


def entry(name: str, at: datetime = START, number: int = 0, **act: Field) -> Entry:
    """An entry of a ledger, unsigned."""
    told = Act(**{"name": name, "by": ALICE, "why": Ground.SCHEDULE, **act})
    return Entry(region=EU, number=number, previous="", time=at, mark="", act=told)


def assured(at: datetime = START, *, without: Iterable[str] = ()) -> tuple[Entry, ...]:
    """Everything signed for and looked through at a time, but some of it."""
    signed = [
        entry(ATTEST, at, scope={"clause": name, "document": "d", "until": _until(at, one.valid)})
        for name, one in to_attest(POLICIES).items()
        if name not in without
    ]
    seen = [
        entry(REVIEW, at, scope={"what": what, "document": "d"})
        for what in to_review(POLICIES)
        if what not in without
    ]
    return (*signed, *seen)


def books(*more: Entry, **changed: Field) -> Books:
    """The EU's ledger with more entries at its end."""
    given: dict[str, Any] = {
        "entries": (*assured(), *more),
        "anchors": "eu-anchors",
        "anchored": START,
        "since": START,
    }
    return Books(region="eu", **{**given, **changed})


def clean(**changed: Field) -> Configured:
    """Everything as it has to be."""
    asides = [
        placed(purpose, region) for purpose in ("restricted", "holds") for region in ("eu", "us")
    ]
    given: dict[str, Any] = {
        "buckets": (placed(), placed(region="us"), *asides, placed("anchors")),
        "kafka": kafka(),
        "hops": (hop(), hop("s3")),
        "books": (books(),),
        "others": {},
        "account": ACCOUNT,
        "keyring": {"eu k1": "passphrase"},
        "keyring_open": False,
        "now": NOW,
    }
    return Configured(**{**given, **changed})


def with_bucket(one: Placed) -> Configured:
    """Everything as it has to be, but one bucket."""
    others = [each for each in clean().buckets if each.name != one.name]
    return clean(buckets=(*others, one))


def looks(name: str, found: Configured) -> tuple[Look, ...]:
    """What is found for a promise, named `vendor/clause`."""
    promise = PROMISES[name]
    return tuple(JUDGES[promise.clause.kind](promise, promise.clause, found, SETTINGS))


def _until(at: datetime, valid: timedelta) -> str:
    return (at.date() + valid).isoformat()
