import importlib
from functools import reduce
from pathlib import Path

import msgspec
import pytest

from jobs.verify.checks import CHECKS, QUESTIONS
from schemas.documents import wire_structs
from schemas.policies import Policies
from schemas.policies.checkers import CHECKERS, PEOPLE_ALONE
from schemas.policies.collecting import Exclusion
from schemas.policies.policy import KINDS
from schemas.tables import TABLES

ROOT = Path(__file__).parents[4]


def test_no_kind_of_clause_is_without_an_entry_and_no_entry_without_a_kind() -> None:
    assert CHECKERS.keys() == KINDS.keys()


def test_a_program_looks_at_every_kind_and_one_of_them_rests_on_signatures() -> None:
    assert {kind for kind in KINDS if not (QUESTIONS[kind] or CHECKS[kind])} == set()
    assert {"attested"} == PEOPLE_ALONE
    told = {kind for kind, each in CHECKERS.items() if any("jobs.verify" in one for one in each)}
    assert told == KINDS.keys()


@pytest.mark.parametrize("checker", sorted({one for each in CHECKERS.values() for one in each}))
def test_every_checker_is_there(checker: str) -> None:
    if checker.startswith("tests/"):
        assert "def test_" in (ROOT / checker).read_text("utf-8")
        return
    module, _, name = checker.partition(":")
    found = reduce(getattr, name.split("."), importlib.import_module(module))
    assert callable(found)


def test_no_record_can_bring_in_what_a_policy_excludes() -> None:
    fields = {one.name for wire in wire_structs().values() for one in msgspec.structs.fields(wire)}
    columns = {field.name for table in TABLES.values() for field in table.schema}
    for policy in Policies.shipped().all:
        for clause in policy.of_kind(Exclusion):
            assert not (fields | columns) & set(clause.fields)
