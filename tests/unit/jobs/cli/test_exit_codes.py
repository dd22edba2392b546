import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.cli import complaint, main, status
from schemas.errors import (
    ConflictError,
    ContractError,
    FatalError,
    FortnightError,
    PrivacyError,
    RecordError,
    RetryableError,
    SettingsError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ContractError("too hot"), 65),
        (ConflictError("log"), 75),
        (SettingsError("name"), 70),
        (PrivacyError("column"), 70),
    ],
)
def test_the_status_says_who_has_to_act(error: FortnightError, code: int) -> None:
    assert status(error) == code


@given(st.sampled_from([RecordError, RetryableError, FatalError]))
def test_every_branch_has_a_status(branch: type[FortnightError]) -> None:
    assert status(branch("place")) in {65, 70, 75}


def test_where_time_helps_it_is_said_once_that_the_command_may_be_repeated() -> None:
    assert complaint(ConflictError("log")) == (
        "fortnight: log; the same command again, in a while, goes on"
    )
    assert complaint(RetryableError("call again")) == "fortnight: call again"
    assert complaint(SettingsError("name")) == "fortnight: name"


def test_an_operators_error_ends_the_command_with_its_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORTNIGHT_PARTITIONS", "many")
    with pytest.raises(SystemExit) as ended:
        main(["topics", "check"])
    assert ended.value.code == 70
    assert capsys.readouterr().err == (
        "fortnight: FORTNIGHT_PARTITIONS: 'many' was given, "
        "allowed is a whole number, not negative\n"
    )
