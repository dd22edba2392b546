import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.verify.checks import CHECKS, QUESTIONS
from jobs.verify.verdict import SHOWN, Finding, Look, Tally, Verdict, verdict_of
from schemas.policies.policy import KINDS

looks = st.lists(
    st.builds(
        Look,
        checked=st.just("x"),
        looked_at=st.integers(0, 3),
        findings=st.sampled_from([(), (Finding("here", "wrong"),)]),
        unknown=st.sampled_from([(), ("access denied",)]),
        attested=st.sampled_from([(), ("signed",)]),
    ),
    max_size=4,
)


@given(looks)
def test_a_clause_is_held_only_where_something_was_seen_and_nothing_refused(
    seen: list[Look],
) -> None:
    verdict = verdict_of(seen)
    if verdict is Verdict.HELD:
        assert any(look.looked_at for look in seen)
        assert not any(look.unknown or look.found for look in seen)


@given(looks)
def test_one_finding_breaks_a_clause_whatever_else_could_not_be_seen(seen: list[Look]) -> None:
    assert (verdict_of(seen) is Verdict.BROKEN) == any(look.found for look in seen)


def test_what_nobody_looks_at_is_not_checkable_and_an_empty_place_is_nothing_to_check() -> None:
    assert verdict_of([]) is Verdict.NOT_CHECKABLE
    assert verdict_of([Look(checked="x")]) is Verdict.NOTHING


def test_of_many_findings_all_are_counted_and_some_are_kept() -> None:
    tally = Tally()
    for number in range(SHOWN + 5):
        tally.look(str(number), ["wrong"])
    assert (tally.found, len(tally.findings)) == (SHOWN + 5, SHOWN)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind_of_clause_that_nobody_looks_at_fails_the_build(kind: str) -> None:
    assert CHECKS[kind] or QUESTIONS[kind]
