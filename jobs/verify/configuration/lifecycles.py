"""What S3 itself does with objects that are old: what our own expiry missed, and nothing else."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from jobs.verify.configuration.buckets import Question, Wrong, look
from jobs.verify.configuration.state import Configured, Placed
from jobs.verify.verdict import Look
from schemas.policies.keeping import Retention
from schemas.tables import TABLES
from storage.s3.evidence import BucketEvidence, LifecycleRule, Unseen

_CALL = "get-bucket-lifecycle-configuration"
_DAY = timedelta(days=1)
"""S3 counts from the midnight after; a rule of whole days cannot be closer."""

_OfRules = Callable[[BucketEvidence, tuple[LifecycleRule, ...]], Iterator[str]]


def removed_in_time(clause: Retention, configured: Configured) -> Iterator[Look]:
    """S3 itself removes what our own expiry missed: rows, their old versions, and not too early."""
    missed = _of_rules(partial(_missed, clause))
    rows = ("rows",)
    yield look(Question("S3 itself removes what outlived it", _CALL, rows), configured, missed)
    early = _of_rules(partial(_too_much, clause))
    checked = "S3 itself removes rows, and none too early"
    yield look(Question(checked, _CALL, rows), configured, early)
    yield look(Question("old versions are not left", _CALL), configured, _versions)


def left_alone(configured: Configured) -> Iterator[Look]:
    """Nothing that was put aside, or is held, is removed by a date."""
    aside = ("restricted", "holds")
    checked = "no rule removes what is put aside or held"
    yield look(Question(checked, _CALL, aside), configured, _of_rules(_removed))


def not_moved(configured: Configured) -> Iterator[Look]:
    """S3 itself moves rows to no class of storage that nobody declared."""
    question = Question("nothing moves rows to other storage", _CALL)
    yield look(question, configured, _of_rules(_moved))


def _of_rules(ask: _OfRules) -> Wrong:
    """What is wrong with a bucket's rules, where they can be seen."""

    def wrong(_: Placed, found: BucketEvidence) -> Iterator[str | Unseen]:
        if isinstance(found.lifecycle, Unseen):
            yield found.lifecycle
        else:
            yield from ask(found, found.lifecycle)

    return wrong


def _missed(
    clause: Retention, _: BucketEvidence, rules: tuple[LifecycleRule, ...]
) -> Iterator[str]:
    latest = clause.at_most + _DAY
    for table in clause.tables:
        if not any(_removes(rule, f"{table}/date=", latest) for rule in rules):
            yield f"S3 itself removes nothing of {table} within {latest.days} days"


def _too_much(
    clause: Retention, _: BucketEvidence, rules: tuple[LifecycleRule, ...]
) -> Iterator[str]:
    for rule in rules:
        if not (rule.dated or rule.days):
            continue
        what = rule.prefix or "everything"
        if rule.dated or rule.days < clause.at_least.days:
            yield f"S3 itself removes {what} too early"
        if not any(rule.prefix.startswith(f"{table}/date=") for table in TABLES):
            yield f"S3 itself removes more than rows: {what}"


def _versions(_: Placed, found: BucketEvidence) -> Iterator[str | Unseen]:
    if isinstance(found.versioning, Unseen):
        yield found.versioning
    elif not found.versioning:
        return
    elif isinstance(found.lifecycle, Unseen):
        yield found.lifecycle
    elif not any(map(_forgets, found.lifecycle)):
        yield "it keeps versions, and S3 itself removes no old one"


def _removed(_: BucketEvidence, rules: tuple[LifecycleRule, ...]) -> Iterator[str]:
    if any(rule.days or rule.dated for rule in rules):
        yield "S3 itself removes by date what has to wait for its release"


def _moved(_: BucketEvidence, rules: tuple[LifecycleRule, ...]) -> Iterator[str]:
    for rule in rules:
        yield from (f"objects are moved to storage class {one}" for one in rule.classes)


def _removes(rule: LifecycleRule, prefix: str, latest: timedelta) -> bool:
    covers = prefix.startswith(rule.prefix) and not rule.narrowed
    return covers and 0 < rule.days <= latest.days


def _forgets(rule: LifecycleRule) -> bool:
    return rule.noncurrent_days == 1 and not rule.prefix and not rule.narrowed
