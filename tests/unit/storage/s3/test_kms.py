import base64
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from jobs.demo.object_store import S3Server
from jobs.demo.processes import free_port
from schemas.errors import SettingsError, StoreUnavailableError
from schemas.keyring import Keyring
from schemas.ledger_keys import LedgerKeys
from schemas.regions import Region
from schemas.wrapping import Passphrase
from storage.s3.kms import Kms

EU, US = REGIONS = (Region("eu"), Region("us"))
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LOCATIONS = {EU: "eu-central-1", US: "us-east-1"}


@pytest.fixture
def kms(s3: S3Server) -> Kms:
    return Kms(LOCATIONS, s3.url)


def client(kms: Kms, location: str) -> Any:  # noqa: ANN401 - made at run time
    return boto3.client("kms", region_name=location, endpoint_url=kms.endpoint)


def test_each_secret_has_a_key_of_its_own_in_its_regions_location(kms: Kms) -> None:
    keyring = Keyring.generate(REGIONS, NOW).rotate(EU, NOW)
    read = Keyring.unseal(keyring.seal(kms), kms)
    assert read == keyring
    wrapped = [key.wrapped for key in read.keys if key.wrapped]
    assert [one["location"] for one in wrapped] == ["eu-central-1", "eu-central-1", "us-east-1"]
    assert len({one["key"] for one in wrapped}) == 3


def test_a_rotation_wraps_the_new_version_only(kms: Kms) -> None:
    before = Keyring.unseal(Keyring.generate([EU], NOW).seal(kms), kms)
    after = Keyring.unseal(before.rotate(EU, NOW).seal(kms), kms)
    assert after.version(EU, 1).wrapped == before.version(EU, 1).wrapped
    assert after.version(EU, 2).wrapped != before.version(EU, 1).wrapped


def test_a_secret_does_not_open_under_another_label_or_by_somebody_else(kms: Kms) -> None:
    wrapped = kms.wrap(b"secret", {"region": EU, "version": "1"})
    assert b"secret" not in base64.b64decode(wrapped["sealed"])
    with pytest.raises(SettingsError):
        kms.unwrap(wrapped, {"region": EU, "version": "2"})
    sealed = Keyring.generate([EU]).seal(kms)
    with pytest.raises(SettingsError, match="was wrapped by kms, and not by passphrase"):
        Keyring.unseal(sealed, Passphrase("pass"))


def test_a_destroyed_secrets_key_waits_for_its_deletion_and_that_may_be_asked_twice(
    kms: Kms,
) -> None:
    wrapped = kms.wrap(b"secret", {"region": EU, "version": "1"})
    for _ in range(2):
        assert "7 days" in kms.destroy(wrapped)
    found = client(kms, "eu-central-1").describe_key(KeyId=wrapped["key"])["KeyMetadata"]
    assert found["KeyState"] == "PendingDeletion"


def test_what_is_left_of_a_destroyed_version_names_the_key_that_has_to_follow(kms: Kms) -> None:
    keyring = Keyring.unseal(Keyring.generate([EU], NOW).rotate(EU, NOW).seal(kms), kms)
    before, sealed = keyring.version(EU, 1), keyring.destroy(EU, 1, NOW).seal(kms)
    left = Keyring.unseal(sealed, kms).version(EU, 1).wrapped or {}
    assert (before.wrapped or {})["sealed"].encode() not in sealed
    kms.destroy(left)
    found = client(kms, "eu-central-1").describe_key(KeyId=left["key"])["KeyMetadata"]
    assert found["KeyState"] == "PendingDeletion"


def test_the_ledgers_keys_are_wrapped_likewise(kms: Kms) -> None:
    keys = LedgerKeys.parse(LedgerKeys.generate(REGIONS, kms).format())
    assert keys.open(EU, kms).signing.public_key() == keys.public[EU]


def test_a_region_that_is_not_served_gets_no_key(kms: Kms) -> None:
    with pytest.raises(SettingsError, match="region cn"):
        Keyring.generate([Region("cn")]).seal(kms)


def test_a_kms_that_does_not_answer_is_waited_for(credentials: None) -> None:  # noqa: ARG001
    away = Kms(LOCATIONS, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(StoreUnavailableError, match="KMS"):
        away.wrap(b"secret", {"region": EU, "version": "1"})
