import importlib
from functools import reduce
from pathlib import Path

import msgspec
import pytest

from schemas.documents import wire_structs
from schemas.policies import Policies
from schemas.policies.checkers import CHECKERS, PEOPLE_ALONE
from schemas.policies.collecting import Exclusion
from schemas.policies.policy import KINDS
from schemas.tables import TABLES

ROOT = Path(__file__).parents[4]


def test_no_kind_of_clause_is_without_an_entry_and_no_entry_without_a_kind() -> None:
    assert CHECKERS.keys() == KINDS.keys()


def test_the_kinds_that_rest_on_people_alone_are_these_and_no_more() -> None:
    assert {
        *("transport", "hold", "recipients", "right", "minimisation", "review"),
        *("incident", "attested"),
    } == PEOPLE_ALONE


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
