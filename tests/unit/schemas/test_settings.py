from datetime import timedelta

import pytest

from schemas.errors import SettingsError
from schemas.settings import RegionSettings, Settings


def test_a_variable_wins_over_the_file() -> None:
    settings = Settings.load(
        {"FORTNIGHT_GROUP": "from-variable"}, b'group = "from-file"\nflush_period = 2.5'
    )
    assert settings.group == "from-variable"
    assert settings.flush_period == timedelta(seconds=2.5)


def test_the_defaults_read_back_from_their_documentation() -> None:
    reference = {name: default for name, default, _ in Settings.reference()}
    assert Settings.load(reference) == Settings()


def test_regions_are_read_with_bucket_and_location() -> None:
    settings = Settings.load({"FORTNIGHT_REGIONS": "eu=b@eu-central-1"})
    assert settings.regions == (RegionSettings(settings.home_region, "b", "eu-central-1"),)


@pytest.mark.parametrize(
    ("variable", "given", "says"),
    [
        ("FORTNIGHT_FLUSH_PERIOD", "-1", "allowed is seconds, more than zero"),
        ("FORTNIGHT_PARTITIONS", "many", "allowed is a whole number"),
        ("FORTNIGHT_REJECTED_RATIO", "1.5", "allowed is a share"),
        ("FORTNIGHT_REGIONS", "eu", "allowed is region=bucket@location"),
        ("FORTNIGHT_REGIONS", "us=b@us-east-1", "FORTNIGHT_HOME_REGION: not among"),
        ("FORTNIGHT_REGIONS", "eu=a@x,eu=b@y", "a region is there twice"),
        ("FORTNIGHT_KAFKA_SECURITY", "ssl", "allowed is plaintext or tls"),
        ("FORTNIGHT_KAFKA_CA", "ca.pem", "is for FORTNIGHT_KAFKA_SECURITY=tls only"),
        ("FORTNIGHT_KAFKA_KEY", "a.key", "one is missing"),
        ("FORTNIGHT_LOG_FORMAT", "xml", "allowed is auto or json or human"),
        ("FORTNIGHT_NO_SUCH", "1", "there is no such setting"),
    ],
)
def test_a_wrong_setting_names_itself_and_what_is_allowed(
    variable: str, given: str, says: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.load({variable: given})
    assert variable in str(raised.value) or "FORTNIGHT_HOME_REGION" in str(raised.value)
    assert says in str(raised.value)


def test_a_broken_file_is_an_error() -> None:
    with pytest.raises(SettingsError, match="settings file"):
        Settings.load({}, b"group = ")
