"""The report as lines: one a promise, and below it what was found or could not be seen."""

from collections.abc import Iterator

from jobs.verify.promise import Judged
from jobs.verify.report.document import Document
from jobs.verify.run import Outcome
from jobs.verify.verdict import Look, Verdict


def lines(outcome: Outcome) -> Iterator[str]:
    """Every promise with its verdict, and why where it is not held."""
    for judged in outcome.judged:
        yield f"{judged.verdict.value:16}  {judged.promise.name:40}  {judged.promise.clause.rule}"
        yield from _why(judged)
    yield summary(outcome)


def figures(report: Document) -> Iterator[str]:
    """What no clause promises and every report tells: small groups, and how maps can be linked."""
    for name, value in report["figures"].items():
        yield f"{value:16,}  {name}"
    yield report["maps"]


def summary(outcome: Outcome) -> str:
    """How many promises have which verdict."""
    counts = [
        (verdict, sum(judged.verdict is verdict for judged in outcome.judged))
        for verdict in Verdict
    ]
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts if count)
    return f"{len(outcome.judged)} promises: {told}"


def _why(judged: Judged) -> Iterator[str]:
    for look in judged.looks:
        if look.found or look.unknown:
            yield from (f"    {line}" for line in _of(look))


def _of(look: Look) -> Iterator[str]:
    yield look.checked
    yield from (f"  BROKEN {finding}" for finding in look.findings)
    if look.found > len(look.findings):
        yield f"  BROKEN and {look.found - len(look.findings)} more"
    yield from (f"  not seen: {why}" for why in look.unknown)
