from support.policies import parsed, text_of, with_clause

from schemas.policies import Policies
from schemas.policies.gates import NO_CONSENT, NO_FAULT, NOT_COLLECTED, Blank, Gates, gates
from schemas.tables import CLEANING_HISTORY, MAP_TILES, TELEMETRY

ALL = Policies.shipped()
THREE_SIXTY, SMAROCK = ALL.all


def test_the_table_of_the_promises() -> None:
    assert gates(THREE_SIXTY, MAP_TILES) == Gates(consents=("maps",))
    assert gates(SMAROCK, MAP_TILES) == Gates(consents=("maps",), bound=True, faults=("fault",))
    assert gates(SMAROCK, TELEMETRY).blanks == (
        Blank(("latitude", "longitude"), NO_CONSENT, consent="location"),
        Blank(("x", "y"), NO_FAULT, fault="fault_kind"),
    )
    assert gates(THREE_SIXTY, CLEANING_HISTORY).blanks == (
        Blank(("battery_start", "battery_end"), NOT_COLLECTED),
    )


def test_a_clause_more_is_a_gate_more_and_no_code_changes() -> None:
    text = with_clause("consent", 'item = "location"', 'columns = ["telemetry.firmware"]')
    before, after = gates(parsed(text_of("smarock")), TELEMETRY), gates(parsed(text), TELEMETRY)
    added = Blank(("firmware",), NO_CONSENT, consent="location")
    assert set(after.blanks) - set(before.blanks) == {added}
