import pytest
from support.policies import parsed, text_of, with_clause, without_clause

from schemas.drills import STEPS
from schemas.policies import Policies, Policy
from schemas.policies.answering import Right
from schemas.policies.checkers import DRILLS
from schemas.policies.columns import COLLECTED_COLUMNS
from schemas.policies.pages import differences, explain

SMAROCK = text_of("smarock")


@pytest.mark.parametrize("policy", Policies.shipped().all, ids=lambda one: one.vendor)
def test_every_clause_and_every_column_is_told(policy: Policy) -> None:
    told = explain(policy)
    for clause in policy.clauses:
        assert f"| `{clause.id}` |" in told
        assert clause.rule in told
    for column in COLLECTED_COLUMNS:
        table, _, name = column.partition(".")
        assert f"`{table}.{name}`" in told or f"`*.{name}`" in told
    for letter in "abcdefg":
        assert f"| ({letter})" in told


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (SMAROCK, []),
        (SMAROCK.replace("edition = 1", "edition = 2"), ["version: 2022.1 -> 2022.2"]),
        (
            with_clause("hold", 'grounds = ["a"]'),
            ["new: more (hold): r"],
        ),
        (
            SMAROCK.replace('"P14D"', '"P20D"'),
            [
                "changed: fortnight, at_least: 14 days -> 20 days",
                "changed: fortnight, at_most: 14 days -> 20 days",
            ],
        ),
        (
            without_clause("collect-location"),
            [
                "gone: collect-location (collection): Roughly where on earth the robot is.",
                "column: telemetry.latitude is null from now on",
                "column: telemetry.longitude is null from now on",
            ],
        ),
    ],
)
def test_what_a_version_changes_is_told_and_nothing_else(text: str, lines: list[str]) -> None:
    assert differences(parsed(SMAROCK), parsed(text)) == lines


@pytest.mark.parametrize("policy", Policies.shipped().all, ids=str)
def test_drills_are_told_to_look_at_those_rights_that_canaries_use(policy: Policy) -> None:
    lines = explain(policy).splitlines()
    for one in policy.of_kind(Right):
        (line,) = (line for line in lines if line.startswith(f"| `{one.id}` |"))
        assert (DRILLS in line) == (one.right in STEPS)
