import pytest
from support.wire import reading, wire

from schemas.tables import TELEMETRY
from streams.stages.decode import Decoder
from streams.stages.validate import validate

DECODER = Decoder(TELEMETRY)


def test_a_row_that_breaks_a_rule_is_rejected_and_its_neighbours_are_kept() -> None:
    values = [reading(firmware="4.1.5"), reading(firmware="-4"), reading(), reading(firmware="4\n")]
    decoded = DECODER.decode(wire(values)).batch
    valid, endings = validate(decoded, TELEMETRY)
    assert valid.rows["offset"].to_pylist() == [0, 2]
    assert [one.how for one in endings] == ["rejected/firmware breaks its contract"]
    assert endings[0].offsets.tolist() == [1, 3]


@pytest.mark.parametrize("half", ["x", "y"])
def test_half_a_place_is_rejected(half: str) -> None:
    whole = {"x": 1.0, "y": 1.0}
    decoded = DECODER.decode(wire([reading(**whole), reading(**{**whole, half: None})])).batch
    valid, endings = validate(decoded, TELEMETRY)
    assert valid.rows["offset"].to_pylist() == [0]
    assert [one.how for one in endings] == ["rejected/x without y"]
