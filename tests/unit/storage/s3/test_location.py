import pytest

from schemas.errors import SettingsError
from storage.s3 import Credentials, S3Location

KEYS = Credentials("public", "very secret", "session secret")


def test_secrets_are_never_shown() -> None:
    assert "secret" not in repr(S3Location("b", "eu-central-1", credentials=KEYS))


def test_delta_readers_get_the_same_bucket_with_the_same_rights() -> None:
    options = S3Location("b", "eu-central-1", "http://127.0.0.1:5000", KEYS).lake_options()
    assert options.items() >= {
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000"),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_SECRET_ACCESS_KEY", "very secret"),
        ("AWS_SESSION_TOKEN", "session secret"),
        ("aws_conditional_put", "etag"),
    }
    encrypted = S3Location("b", "eu-central-1", "https://s3.example", KEYS).lake_options()
    assert encrypted["AWS_ALLOW_HTTP"] == "false"
    assert "AWS_ENDPOINT_URL" not in S3Location("b", "eu-west-2", credentials=KEYS).lake_options()


def test_without_credentials_awss_own_chain_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of the environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hers")
    options = S3Location("b", "eu-central-1").lake_options()
    assert options["AWS_ACCESS_KEY_ID"] == "of the environment"


def test_without_any_credentials_an_operator_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nothing = str(tmp_path_factory.mktemp("home") / "none")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "BOTO_CONFIG"):
        monkeypatch.setenv(name, nothing)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SettingsError, match="credentials"):
        S3Location("b", "eu-central-1").lake_options()
