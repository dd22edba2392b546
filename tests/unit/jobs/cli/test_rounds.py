import pytest

from jobs.cli.rounds import run
from schemas.errors import RetryableError, SettingsError


@pytest.mark.parametrize("error", [RetryableError("away"), SettingsError("not named")])
def test_a_place_that_fails_holds_up_no_other_and_is_told(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    done = []

    def fails() -> bool:
        raise error

    def works() -> bool:
        done.append("other")
        return True

    with pytest.raises(type(error)) as raised:
        run(lambda: [fails, fails, works], 0)
    assert done == ["other"]
    assert str(error) in str(raised.value) + capsys.readouterr().err
