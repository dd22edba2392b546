import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs import keys
from schemas.errors import IntegrityError, SettingsError, StoreUnavailableError
from schemas.keyring import Keyring
from schemas.regions import Region
from schemas.wrapping import Passphrase
from streams.keys import WatchedKeyring

EU, US = REGIONS = (Region("eu"), Region("us"))
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PASS = Passphrase("correct horse battery staple")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "keyring"
    keys.create(made, REGIONS, PASS, NOW)
    return made


def watched(path: Path) -> WatchedKeyring:
    return WatchedKeyring(path, lambda sealed: Keyring.unseal(sealed, PASS), REGIONS)


def versions(keyring: WatchedKeyring) -> list[int]:
    return [one.version for one in keyring.newest()]


def test_a_rotation_is_noticed_and_an_unchanged_file_is_not_opened_again(path: Path) -> None:
    opened: list[bytes] = []

    def unseal(sealed: bytes) -> Keyring:
        opened.append(sealed)
        return Keyring.unseal(sealed, PASS)

    keyring = WatchedKeyring(path, unseal, REGIONS)
    assert versions(keyring) == versions(keyring) == [1, 1]
    keys.change(path, PASS, lambda it: it.rotate(EU, NOW), opening=[EU])
    assert versions(keyring) == versions(keyring) == [2, 1]
    assert len(opened) == 2


def test_an_older_keyring_that_is_put_back_stops_the_worker(path: Path) -> None:
    keyring, old = watched(path), path.read_bytes()
    keys.change(path, PASS, lambda it: it.rotate(EU, NOW), opening=[EU])
    assert versions(keyring) == [2, 1]
    path.write_bytes(old)
    os.utime(path, (1, 1))
    with pytest.raises(IntegrityError, match="eu went back from k2 to k1"):
        keyring.newest()


def test_a_keyring_that_is_gone_or_spoilt_stops_the_worker(path: Path) -> None:
    keyring = watched(path)
    path.write_bytes(b"{}")
    with pytest.raises(SettingsError, match="not a keyring"):
        keyring.newest()
    path.unlink()
    with pytest.raises(SettingsError, match="FORTNIGHT_KEYRING"):
        keyring.newest()


def test_while_nobody_can_open_the_new_one_rows_are_written_under_the_old(path: Path) -> None:
    answers = True

    def unseal(sealed: bytes) -> Keyring:
        if not answers:
            raise StoreUnavailableError("nobody answers")
        return Keyring.unseal(sealed, PASS)

    keyring = WatchedKeyring(path, unseal, REGIONS)
    assert versions(keyring) == [1, 1]
    keys.change(path, PASS, lambda it: it.rotate(EU, NOW), opening=[EU])
    answers = False
    assert versions(keyring) == [1, 1]
    answers = True
    assert versions(keyring) == [2, 1]
