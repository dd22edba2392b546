"""What the commands do that drill, where a region cannot be drilled, or not to the end."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from jobs.cli import app
from jobs.cli.drill import each_of, end
from jobs.drill import PENDING, Outcome
from schemas.drills import FAILED, PASSED
from schemas.errors import FatalError, FortnightError, RetryableError, SettingsError
from schemas.regions import Region

EU, US = Region("eu"), Region("us")
REFUSED, AWAY = SettingsError("no bucket"), RetryableError("away")


@pytest.mark.parametrize("error", [REFUSED, AWAY])
def test_a_region_that_is_not_drilled_is_named_and_delays_no_other(
    error: FortnightError, capsys: pytest.CaptureFixture[str]
) -> None:
    passed = Outcome("smarock", PASSED)

    def run(region: Region) -> list[Outcome]:
        if region == EU:
            raise error
        return [passed]

    assert each_of([EU, US], run) == ([passed], [error])
    said = capsys.readouterr()
    assert (said.out, said.err) == ("us: smarock: passed\n", f"fortnight: region eu: {error}\n")


@pytest.mark.parametrize(
    ("states", "refused", "ends"),
    [
        ([FAILED, PENDING], [AWAY, REFUSED], FatalError),
        ([FAILED, PENDING], [AWAY], typer.Exit),
        ([PASSED, PENDING], [], RetryableError),
        ([PASSED], [AWAY], RetryableError),
    ],
)
def test_the_worst_region_says_how_the_command_ends(
    states: list[str], refused: list[FortnightError], ends: type[Exception]
) -> None:
    with pytest.raises(ends):
        end([Outcome("smarock", state) for state in states], refused)
    end([Outcome("smarock", PASSED)], [])


def test_a_proof_is_made_also_where_nothing_could_be_drilled(tmp_path: Path) -> None:
    environment = {
        "FORTNIGHT_REGIONS": f"eu=file:{tmp_path / 'eu'}@eu-central-1",
        "FORTNIGHT_KEYRING": str(tmp_path / "keyring"),
        "FORTNIGHT_KAFKA_SECURITY": "tls",
        "FORTNIGHT_KAFKA_CA": str(tmp_path / "none.pem"),
    }
    ran = CliRunner().invoke(app, ["verify", "--drill", "--without-kafka"], env=environment)
    assert "fortnight: no drill: FORTNIGHT_KAFKA_CA" in ran.output
    assert "smarock/right-access" in ran.output
    assert ran.exit_code in (0, 1)
