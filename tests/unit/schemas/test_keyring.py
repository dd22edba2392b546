import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import PolicyError, SettingsError
from schemas.keyring import Keyring, KeyState, fingerprint
from schemas.regions import Region
from schemas.wrapping import Passphrase

EU, US = REGIONS = (Region("eu"), Region("us"))
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PASS = Passphrase("pass")


def test_a_sealed_keyring_reads_back() -> None:
    keyring = Keyring.generate(REGIONS, NOW).rotate(EU, NOW).destroy(EU, 1, NOW)
    assert Keyring.unseal(keyring.seal(PASS), PASS) == keyring


def test_another_passphrase_opens_nothing() -> None:
    with pytest.raises(SettingsError, match="wrong passphrase"):
        Keyring.unseal(Keyring.generate(REGIONS).seal(PASS), Passphrase("Pass"))


@pytest.mark.parametrize(
    "change",
    [
        {"region": "us"},
        {"version": 2},
        {"state": "retired"},
        {"since": {"retired": "2020-01-01T00:00:00+00:00"}},
    ],
)
def test_a_key_that_was_relabelled_does_not_open(change: dict[str, object]) -> None:
    document = json.loads(Keyring.generate((EU,)).seal(PASS))
    document["keys"][0] |= change
    with pytest.raises(SettingsError, match="changed"):
        Keyring.unseal(json.dumps(document).encode(), PASS)


@pytest.mark.parametrize(
    "sealed", [b"", b"{}", b"[]", b"\xff", b'{"salt": 1}', b'{"keys": [{"region": "eu"}]}']
)
def test_what_is_no_keyring_is_said_so(sealed: bytes) -> None:
    with pytest.raises(SettingsError, match="not a keyring"):
        Keyring.unseal(sealed, PASS)


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


def test_only_what_is_asked_for_is_opened_and_the_rest_is_kept_as_it_is() -> None:
    before = Keyring.generate(REGIONS, NOW).rotate(EU, NOW)
    some = Keyring.unseal(before.seal(PASS), PASS, regions=[EU], states=[KeyState.CURRENT])
    assert [key.name for key in some.keys if key.secret] == ["eu k2"]
    assert Keyring.unseal(some.add(EU, NOW).seal(PASS), PASS).keys[:2] == before.keys[:2]


def test_a_key_that_was_not_opened_cannot_change() -> None:
    unopened = Keyring.unseal(Keyring.generate(REGIONS).seal(PASS), PASS, regions=[US])
    with pytest.raises(ValueError, match="without its secret"):
        unopened.rotate(EU, NOW).seal(PASS)


def test_a_version_that_waits_becomes_current_at_the_rotation() -> None:
    keyring = Keyring.generate([EU], NOW).add(EU, NOW)
    waiting = keyring.version(EU, 2)
    assert waiting.state is KeyState.CREATED
    rotated = keyring.rotate(EU, NOW + timedelta(days=1))
    assert rotated.current(EU).secret == waiting.secret
    assert rotated.version(EU, 1).since[KeyState.RETIRED] == NOW + timedelta(days=1)


def test_what_rows_are_written_under_cannot_be_destroyed() -> None:
    with pytest.raises(PolicyError, match="eu k1 is current"):
        Keyring.generate([EU], NOW).destroy(EU, 1, NOW)


@given(st.lists(st.sampled_from(["add", "rotate", "destroy"]), max_size=8))
def test_whatever_is_done_one_version_is_current_and_none_is_used_twice(acts: list[str]) -> None:
    keyring = Keyring.generate(REGIONS, NOW)
    secrets = {keyring.current(EU).secret}
    other = keyring.current(US)
    for hours, act in enumerate(acts):
        now = NOW + timedelta(hours=hours)
        retired = [key for key in keyring.live(EU) if key.state is KeyState.RETIRED]
        match act:
            case "add":
                keyring = keyring.add(EU, now)
            case "rotate":
                keyring = keyring.rotate(EU, now)
            case _ if retired:
                keyring = keyring.destroy(EU, retired[0].version, now)
        secrets |= {key.secret for key in keyring.live(EU)}
    versions = [key.version for key in keyring.keys if key.region == EU]
    assert versions == list(range(1, len(versions) + 1))
    assert sum(key.state is KeyState.CURRENT for key in keyring.keys if key.region == EU) == 1
    assert len(secrets) == len(versions)
    assert all(bool(key.secret) != (key.state is KeyState.DESTROYED) for key in keyring.keys)
    assert keyring.current(US) == other
