"""Who is let into a bucket from outside, and to whom something of it is sent."""

from collections.abc import Iterator
from functools import partial

from jobs.verify.configuration.buckets import EVERYWHERE, HOW, Question, look, targets_of
from jobs.verify.configuration.state import Configured, Placed
from jobs.verify.verdict import Look
from storage.s3.evidence import BucketEvidence, Grant, Target, Unseen


def closed(configured: Configured) -> Iterator[Look]:
    """Nobody from outside is let in, and nothing is sent to somebody else's account."""
    ways = Question("public access is blocked in all ways", "get-public-access-block", EVERYWHERE)
    yield look(ways, configured, _open_ways)
    others = Question("nobody else is let in", "get-bucket-policy", EVERYWHERE)
    yield look(others, configured, partial(_let_in, configured.account))
    for how, call in HOW.items():
        question = Question(f"nothing goes to others by {how}", call)
        yield look(question, configured, partial(_sent, how, configured))


def _open_ways(_: Placed, found: BucketEvidence) -> Iterator[str | Unseen]:
    if isinstance(found.open_ways, Unseen):
        yield found.open_ways
    else:
        yield from (f"{way} is off" for way in found.open_ways)


def _let_in(account: str, _: Placed, found: BucketEvidence) -> Iterator[str | Unseen]:
    if isinstance(found.grants, Unseen):
        yield found.grants
        return
    for grant in found.grants:
        if grant.whom != "service" and not grant.name == account != "":
            yield _of_grant(grant, account)


def _of_grant(grant: Grant, account: str) -> str | Unseen:
    said = f"{grant.whom} {grant.name}".strip()
    if grant.conditional:
        return Unseen(f"{said} is let in under a condition, which a person has to read")
    if grant.whom == "account" and not account:
        return Unseen(f"{said} is let in, and nobody says which account is ours")
    return f"{said} is let in"


def _sent(
    how: str, configured: Configured, _: Placed, found: BucketEvidence
) -> Iterator[str | Unseen]:
    for target in targets_of(found, how):
        if isinstance(target, Unseen):
            yield target
        else:
            yield from _of_target(target, configured)


def _of_target(target: Target, configured: Configured) -> Iterator[str | Unseen]:
    ours, account = {placed.name for placed in configured.buckets}, configured.account
    if target.how == "replication" and target.name not in ours:
        yield f"rows are copied to bucket {target.name}, which no setting names"
    elif target.account and not account:
        yield Unseen(f"{target.how} goes to an account, and nobody says which one is ours")
    elif target.account not in ("", account):
        yield f"{target.how} goes to account {target.account}"
