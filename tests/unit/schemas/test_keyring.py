import json

import pytest

from schemas.errors import SettingsError
from schemas.keyring import Keyring, fingerprint
from schemas.regions import Region

REGIONS = (Region("eu"), Region("us"))


def test_a_sealed_keyring_reads_back() -> None:
    keyring = Keyring.generate(REGIONS)
    assert Keyring.unseal(keyring.seal("pass"), "pass") == keyring


def test_another_passphrase_opens_nothing() -> None:
    with pytest.raises(SettingsError, match="wrong passphrase"):
        Keyring.unseal(Keyring.generate(REGIONS).seal("pass"), "Pass")


@pytest.mark.parametrize("change", [{"region": "us"}, {"version": 2}, {"state": "retired"}])
def test_a_key_that_was_relabelled_does_not_open(change: dict[str, object]) -> None:
    document = json.loads(Keyring.generate((Region("eu"),)).seal("pass"))
    document["keys"][0] |= change
    with pytest.raises(SettingsError, match="changed"):
        Keyring.unseal(json.dumps(document).encode(), "pass")


@pytest.mark.parametrize("sealed", [b"", b"{}", b"[]", b"\xff", b'{"salt": 1}'])
def test_what_is_no_keyring_is_said_so(sealed: bytes) -> None:
    with pytest.raises(SettingsError, match="not a keyring"):
        Keyring.unseal(sealed, "pass")


def test_no_two_regions_share_a_secret_and_none_is_shown() -> None:
    keyring = Keyring.generate(REGIONS)
    first, second = (keyring.current(region) for region in REGIONS)
    assert first.secret != second.secret
    assert fingerprint(first) != fingerprint(second)
    assert first.secret.hex() not in repr(keyring)
    assert repr(first.secret) not in repr(keyring)


def test_a_region_without_a_key_is_an_error() -> None:
    with pytest.raises(SettingsError, match="region cn"):
        Keyring.generate(REGIONS).current(Region("cn"))
