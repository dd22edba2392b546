import pytest
from support.policies import parsed, text_of, with_clause, without_clause

from schemas.errors import PolicyError
from schemas.policies import Policies
from schemas.policies.columns import COLLECTED_COLUMNS, NEEDED_COLUMNS
from schemas.policies.policy import KINDS

COLLECTION = ('purpose = "p"', 'basis = "consent"')


def test_clauses_are_read_into_values_that_nobody_changes() -> None:
    policy = parsed(text_of("smarock"))
    assert policy == parsed(text_of("smarock"))
    with pytest.raises(AttributeError):
        policy.clauses[0].rule = "another"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        policy.vendor = "another"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (with_clause("promise"), "clause more: there is no such kind"),
        (with_clause("hold", 'grounds = ["a"]', "colour = 1"), "clause more: .* unknown .*colour"),
        (with_clause("hold"), "clause more: .* missing .*grounds"),
        (with_clause("hold", "grounds = 3"), r"clause more: .* - at `\$.grounds`"),
        (with_clause("hold", 'grounds = ["a"]', name="bound"), "clause bound: there are two"),
        (with_clause("binding", 'tables = ["maps"]'), "clause more: there is no table maps"),
        (with_clause("consent", 'item = "soul"'), r"clause more: .*soul.* - at `\$.item`"),
        (with_clause("consent", 'item = "maps"', 'columns = ["a.b"]'), "there is no column a.b"),
        (
            with_clause("consent", 'item = "maps"', 'columns = ["map_tiles.fault"]'),
            'clause more: tiles are stored packed .* say tables = ."map_tiles".',
        ),
        (
            with_clause("consent", 'item = "maps"', 'columns = ["map_tiles.cells"]'),
            "clause more: no row can be without map_tiles.cells",
        ),
        (
            with_clause("consent", 'item = "maps"', 'columns = ["*.firmware"]'),
            r"clause more: \*.firmware is no column of one table",
        ),
        (
            with_clause("map-gate", 'table = "telemetry"', 'fault = "fear"'),
            "clause more: there is no column telemetry.fear",
        ),
        (
            with_clause("collection", 'columns = ["telemetry.status"]', *COLLECTION),
            "clause more: telemetry.status is collected by an earlier clause too",
        ),
        (
            with_clause("collection", 'columns = ["*.wifi"]', *COLLECTION),
            r"clause more: there is no column \*.wifi",
        ),
        (without_clause("fortnight"), "retention: exactly one clause"),
        (without_clause("collect-device"), "collection: no clause collects .*device"),
        (
            text_of("smarock").replace('published = "2022"', 'published = "2023"', 1),
            "not the file's",
        ),
        (text_of("smarock").replace("edition = 1", "edition = 'b'"), r"at `\$.edition`"),
        ("vendor =", "Invalid value"),
        (text_of("smarock") + "[[promises]]", "unknown field `promises`"),
    ],
)
def test_a_mistake_is_told_with_file_and_clause(text: str, says: str) -> None:
    with pytest.raises(PolicyError, match=f"^a.toml: .*{says}"):
        parsed(text)


def test_a_consent_to_a_column_of_tiles_may_let_what_is_stored_alone() -> None:
    asks = ('item = "maps"', 'columns = ["map_tiles.fault"]', "reaches_back = false")
    assert parsed(with_clause("consent", *asks)).clauses


def test_every_kind_is_used_by_some_maker() -> None:
    used = {type(clause) for policy in Policies.shipped().all for clause in policy.clauses}
    assert used == set(KINDS.values())


def test_every_column_is_collected_for_some_maker_and_what_a_row_needs_for_all() -> None:
    collected = [policy.collections().keys() for policy in Policies.shipped().all]
    assert set().union(*collected) >= COLLECTED_COLUMNS
    for columns in collected:
        assert columns >= NEEDED_COLUMNS


def test_what_a_robot_of_360_reports_is_a_closed_list_without_battery_and_place() -> None:
    policy = Policies.shipped().of("360-robot-vacuum")
    assert policy
    missing = COLLECTED_COLUMNS - policy.collections().keys()
    assert {name.partition(".")[2] for name in missing} == {
        *("battery_level", "battery_flag", "battery_start", "battery_end"),
        *("latitude", "longitude"),
    }
