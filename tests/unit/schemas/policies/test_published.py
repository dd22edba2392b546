from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import pytest
from support.published import needs_policies, published, words

from schemas.policies import Policies, Policy
from schemas.policies.collecting import Collection

pytestmark = needs_policies

COPIED = 8
"""So many words in a row are no longer ours."""

POLICIES = Policies.shipped().all
VENDORS = [policy.vendor for policy in POLICIES]


def every_policy() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("policy", POLICIES, ids=VENDORS)


def cited(sources: Sequence[Mapping[str, tuple[int, ...]]]) -> Iterator[tuple[str, int]]:
    for source in sources:
        for section, numbers in source.items():
            yield from ((section, number) for number in numbers)


def texts(policy: Policy) -> Iterator[str]:
    """Everything in a file that somebody wrote."""
    yield from (clause.rule for clause in policy.clauses)
    yield from (clause.purpose for clause in policy.of_kind(Collection))
    yield from (one.reason for one in policy.out_of_scope)


def runs(sentence: str, n: int) -> set[tuple[str, ...]]:
    """Every n words in a row; a shorter sentence of at least four is one run itself."""
    said = words(sentence)
    n = min(n, max(len(said), 4))
    return {tuple(said[i : i + n]) for i in range(len(said) - n + 1)}


@every_policy()
def test_every_sentence_is_a_clause_or_out_of_scope(policy: Policy) -> None:
    clauses = set(cited([clause.source for clause in policy.clauses]))
    outside = set(cited([one.source for one in policy.out_of_scope]))
    sections = published(policy.vendor)
    there = {(name, i + 1) for name in sections for i in range(len(sections[name]))}
    assert sorted(there - clauses - outside) == []
    assert sorted((clauses | outside) - there) == []


@every_policy()
def test_no_sentence_is_both_a_clause_and_out_of_scope(policy: Policy) -> None:
    clauses = set(cited([clause.source for clause in policy.clauses]))
    outside = Counter(cited([one.source for one in policy.out_of_scope]))
    assert sorted(clauses & outside.keys()) == []
    assert [place for place, times in outside.items() if times > 1] == []


@every_policy()
def test_no_sentence_is_copied(policy: Policy) -> None:
    theirs = chain.from_iterable(published(policy.vendor).values())
    known = [run for sentence in theirs for run in runs(sentence, COPIED)]
    for text in texts(policy):
        ours = words(text)
        for run in known:
            places = range(len(ours) - len(run) + 1)
            copied = any(tuple(ours[i : i + len(run)]) == run for i in places)
            assert not copied, f"{policy.vendor}: {text!r}"
