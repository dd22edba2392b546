"""Buckets, and the keyring, set up as they must not be."""

from typing import Literal

import pytest
from support.configured import (
    OTHER_ACCOUNT,
    clean,
    placed,
    with_bucket,
)
from support.promised import AT_REST, FRANKFURT, HELD, KEPT, LOCAL_LAW, OTHERS, Violation

from jobs.verify.configuration.state import Configured
from storage.s3.evidence import BucketEvidence, Grant, LifecycleRule, Target

How = Literal["replication", "inventory", "access log", "notification"]


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


VIOLATIONS = [
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


@pytest.mark.parametrize("one", VIOLATIONS, ids=lambda one: one.name)
def test_a_violation_of_buckets_breaks_the_promises_that_it_is_about_and_no_other(
    one: Violation,
) -> None:
    one.check()
