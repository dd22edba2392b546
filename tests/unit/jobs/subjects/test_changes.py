import dataclasses

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from support.wire import registration

from jobs.subjects.changes import ITEMS, corrected, fields_of, item_of, refused
from schemas.errors import SettingsError
from schemas.tables.devices import Consent, Device
from streams.registry import CONSENTS, Registry

consents = st.lists(
    st.builds(Consent, st.sampled_from(ITEMS), st.booleans(), st.integers(0, 9)), max_size=16
)


def robot(said: list[Consent] | None = None) -> Device:
    value = registration("SN-1", country="DE", model="X1").value or b""
    return replace(msgspec.json.decode(value, type=Device), consents=tuple(said or ()))


def granted(device: Device) -> set[str]:
    """As the registry has it."""
    known = Registry()
    record = dataclasses.replace(registration("SN-1"), value=msgspec.json.encode(device))
    known.apply([record], 1)
    (bits,) = known.as_of(["SN-1"], np.zeros(1, int), np.array([9])).consents
    assert known.refused == 0
    return {item for place, item in enumerate(CONSENTS) if bits >> place & 1}


@given(consents, st.sampled_from(ITEMS))
def test_a_consent_that_was_taken_back_is_refused_and_no_other_changes(
    said: list[Consent], item: str
) -> None:
    before = robot(said)
    after = refused(before, item=item_of(item), at=10)
    assert granted(after) == granted(before) - {item}
    assert refused(after, item=item_of(item), at=11) == after
    assert replace(after, consents=()) == replace(before, consents=())


def test_every_consent_can_be_taken_back_and_no_other() -> None:
    assert ITEMS == CONSENTS
    with pytest.raises(SettingsError, match="one of telemetry, maps, history, location"):
        item_of("everything")


def test_only_the_fields_that_are_named_are_put_right() -> None:
    before = robot()
    after = corrected(before, fields_of(["country=FR", "model=S 7"]))
    assert (after.country, after.model) == ("FR", "S 7")
    assert replace(after, country="DE", model="X1") == before


@pytest.mark.parametrize(
    "settings", [["account=Bob"], ["country"], ["country=Bobland"], ["country=QQ"], ["=Bob"]]
)
def test_a_field_that_cannot_be_put_right_is_refused_and_its_value_not_repeated(
    settings: list[str],
) -> None:
    with pytest.raises(SettingsError) as wrong:
        fields_of(settings)
    assert "Bob" not in str(wrong.value)


def test_a_value_that_a_field_cannot_have_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError, match="model") as wrong:
        corrected(robot(), {"model": "Bob's!"})
    assert "Bob" not in str(wrong.value)
