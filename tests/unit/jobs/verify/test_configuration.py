"""How a deployment is set up: as it has to be, and where it cannot be seen."""

from dataclasses import replace

import pytest
from support.configured import (
    POLICIES,
    PROMISES,
    assured,
    books,
    clean,
    hop,
    kafka,
    looks,
    placed,
    with_bucket,
)
from support.promised import (
    AT_REST,
    BY_LEDGER,
    FRANKFURT,
    KEPT,
    LOCAL_LAW,
    OTHERS,
    ROLES,
    TRANSPORT,
    telling,
)
from typer.testing import CliRunner

from jobs.cli import app
from jobs.kafka import BrokerPlace
from jobs.verify.configuration.people import ANSWERED_BY
from jobs.verify.configuration.state import Configured
from jobs.verify.configuration.topics import is_in
from jobs.verify.verdict import Verdict, verdict_of
from schemas.policies.answering import Right
from storage.s3.evidence import DENIED, Grant, Unseen


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
        (clean(hops=(hop(), hop("s3", in_the_clear=Unseen("no answer")))), TRANSPORT),
        (clean(hops=(hop(in_the_clear=Unseen("no answer")), hop("s3"))), TRANSPORT),
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
