"""Where data lies, and where whatever leaves a bucket by itself goes."""

from collections.abc import Iterator
from functools import partial

from jobs.verify.configuration.buckets import HOLDS_ROWS, HOW, Question, look, targets_of
from jobs.verify.configuration.state import Configured, Placed
from jobs.verify.verdict import Look, Tally
from schemas.policies.keeping import Residence
from storage.s3.evidence import BucketEvidence, Unseen


def places(clause: Residence, configured: Configured) -> Iterator[Look]:
    """Buckets are where they are promised to be, and so is whatever leaves them by itself."""
    purposes = HOLDS_ROWS * ("rows" in clause.covers)
    purposes += ("anchors",) * ("ledger" in clause.covers)
    where = "buckets are where they must be"
    question = Question(where, "get-bucket-location", purposes, clause.region)
    yield look(question, configured, partial(_located, clause))
    for how, call in HOW.items():
        if how == "replication" or "logs" in clause.covers:
            stays = f"what leaves a bucket by {how} stays in its place"
            question = Question(stays, call, region=clause.region)
            yield look(question, configured, partial(_sent, clause, how))


def undeclared(configured: Configured) -> Iterator[Look]:
    """No bucket that these credentials can list has folders as ours, and is none of ours."""
    tally, unknown, names = Tally(), [], []
    if isinstance(configured.others, Unseen):
        unknown.append(f"other buckets: {configured.others}")
    else:
        names = sorted(configured.others)
        for name, folders in configured.others.items():
            if isinstance(folders, Unseen):
                unknown.append(f"bucket {name}: {folders}")
            else:
                tally.look(
                    name, [f"it has a folder {one}, and no setting names it" for one in folders]
                )
    yield Look(
        checked="no other bucket that can be seen has copies",
        looked_at=tally.looked_at,
        unit="buckets",
        findings=tuple(tally.findings),
        found=tally.found,
        unknown=tuple(unknown),
        notes=(f"seen, and no setting names them: {', '.join(names)}",) if names else (),
        repeat="aws s3api list-buckets",
    )


def _located(clause: Residence, placed: Placed, found: BucketEvidence) -> Iterator[str | Unseen]:
    yield from _elsewhere(found.location, _place(clause, placed), "it is in")


def _sent(
    clause: Residence, how: str, placed: Placed, found: BucketEvidence
) -> Iterator[str | Unseen]:
    for target in targets_of(found, how):
        if isinstance(target, Unseen):
            yield target
        else:
            yield from _elsewhere(target.location, _place(clause, placed), f"{how} sends to")


def _place(clause: Residence, placed: Placed) -> str:
    return clause.location or placed.set_to


def _elsewhere(found: str | Unseen, wanted: str, words: str) -> Iterator[str | Unseen]:
    if isinstance(found, Unseen):
        yield found
    elif found != wanted:
        yield f"{words} {found}, and must stay in {wanted}"
