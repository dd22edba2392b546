"""One run: look at the bytes once, then judge clause by clause."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

from jobs.verify.checks import CHECKS, QUESTIONS
from jobs.verify.checks.declared import CLOSED_LIST
from jobs.verify.checks.rows import answered
from jobs.verify.configuration.collect import collect
from jobs.verify.promise import Check, Judged, Promise
from jobs.verify.scene import Scene, refusal
from jobs.verify.seen import Seen
from jobs.verify.survey import Progress, Survey
from jobs.verify.verdict import Look, Verdict
from schemas.errors import FortnightError
from schemas.policies import Policy
from schemas.policies.clause import Clause
from schemas.policies.collecting import Collection


@dataclass(frozen=True, slots=True)
class Outcome:
    """Every promise with its verdict, and what was looked at."""

    scene: Scene
    judged: tuple[Judged, ...]

    @property
    def seen(self) -> Seen:
        """What was seen of the bytes."""
        return self.scene.seen or Seen()

    @property
    def broken(self) -> tuple[Judged, ...]:
        """The promises that are not kept."""
        return tuple(one for one in self.judged if one.verdict is Verdict.BROKEN)


def verify(scene: Scene, progress: Progress = lambda _: None) -> Outcome:
    """Prove every clause against stored bytes and live configuration; writes nothing.

    Deterministic: the same bytes, time and seed give the same outcome.
    """
    asked = [
        (promise, [one for ask in QUESTIONS[promise.clause.kind] for one in ask(promise, scene)])
        for promise in promises(scene)
    ]
    with ExitStack() as keep:
        every = tuple(dict.fromkeys(one for _, questions in asked for one in questions))
        survey = Survey(scene, every, progress)
        seen = survey.look(keep)
        scene = survey.scene
        progress("how everything is set up")
        sampled = ((file.bucket, file.key) for file in seen.chosen)
        looked = replace(scene, seen=seen)
        looked = replace(looked, configured=scene.configured or collect(looked, sampled))
        judged = []
        for promise, questions in asked:
            progress(promise.name)
            looks = (*answered(questions, looked), *_looks(promise, looked))
            judged.append(Judged(promise, looks))
    return Outcome(looked, tuple(judged))


def promises(scene: Scene) -> Iterator[Promise]:
    """Every clause of every policy, and with each that what no clause collects is not there."""
    for policy in scene.policies.all:
        yield from (Promise(policy, clause) for clause in policy.clauses)
        yield Promise(policy, _closed_list(policy))


def _closed_list(policy: Policy) -> Clause:
    sources: dict[str, tuple[int, ...]] = {}
    for clause in policy.of_kind(Collection):
        for section, sentences in clause.source.items():
            sources[section] = tuple(sorted({*sources.get(section, ()), *sentences}))
    return Collection(
        id=CLOSED_LIST,
        source=sources,
        rule="What no clause collects is in no column, and there are no other columns.",
        columns=(),
        purpose="none",
        basis="consent",
    )


def _looks(promise: Promise, scene: Scene) -> Iterator[Look]:
    for check in CHECKS[promise.clause.kind]:
        yield from _guarded(check, promise, scene)


def _guarded(check: Check, promise: Promise, scene: Scene) -> Iterator[Look]:
    """What a check yields; where it is refused, a look that says so, and never a silence."""
    try:
        yield from check(promise, scene)
    except FortnightError as error:
        yield Look(checked=(check.__doc__ or "").partition("\n")[0], unknown=(refusal(error),))
