import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jobs import keys
from jobs.cli import app
from schemas.errors import SettingsError
from schemas.keyring import Keyring
from schemas.regions import Region
from schemas.wrapping import Passphrase

EU, US = Region("eu"), Region("us")
PASSPHRASE = "correct horse battery staple"
WRAPPING = Passphrase(PASSPHRASE)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_a_new_keyring_has_a_current_key_a_region_and_only_its_owner_reads_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "keyring"
    made = keys.create(path, [EU, US], WRAPPING, NOW)
    assert keys.read(path, WRAPPING) == made
    assert made.current(EU).secret != made.current(US).secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["keyring"]


def test_a_keyring_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "keyring"
    made = keys.create(path, [EU], WRAPPING, NOW)
    with pytest.raises(SettingsError, match="there is a keyring already"):
        keys.create(path, [EU], WRAPPING, NOW)
    assert keys.read(path, WRAPPING) == made


def test_of_several_at_once_one_makes_it(tmp_path: Path) -> None:
    def attempt(_: int) -> Keyring | None:
        try:
            return keys.create(tmp_path / "keyring", [EU], WRAPPING, NOW)
        except SettingsError:
            return None

    with ThreadPoolExecutor(4) as pool:
        made = [keyring for keyring in pool.map(attempt, range(4)) if keyring]
    assert made == [keys.read(tmp_path / "keyring", WRAPPING)]


def test_changes_at_once_come_one_after_the_other_and_leave_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "keyring"
    keys.create(path, [EU, US], WRAPPING, NOW)
    with ThreadPoolExecutor(4) as pool:
        rotations = [
            pool.submit(keys.change, path, WRAPPING, lambda it: it.rotate(EU, NOW), opening=[EU])
            for _ in range(4)
        ]
    assert all(rotation.exception() is None for rotation in rotations)
    assert keys.read(path, WRAPPING).current(EU).version == 5
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["keyring"]


def test_the_command_line_makes_and_lists_keys_without_their_secrets(tmp_path: Path) -> None:
    run = CliRunner(
        env={
            "FORTNIGHT_KEYRING": str(tmp_path / "keyring"),
            "FORTNIGHT_KEYRING_PASSPHRASE": PASSPHRASE,
        }
    )
    made = run.invoke(app, ["keys", "new"])
    listed = run.invoke(app, ["keys", "list"])
    assert made.exit_code == listed.exit_code == 0
    assert made.output.endswith(listed.output)
    assert [line.split()[:3] for line in listed.output.splitlines()] == [
        ["eu", "k1", "current"],
        ["us", "k1", "current"],
    ]
    secrets = [key.secret.hex() for key in keys.read(tmp_path / "keyring", WRAPPING).keys]
    assert not any(secret in made.output for secret in [*secrets, PASSPHRASE])


def test_without_the_passphrase_no_keyring_is_made(tmp_path: Path) -> None:
    run = CliRunner(env={"FORTNIGHT_KEYRING": str(tmp_path / "keyring")})
    found = run.invoke(app, ["keys", "new"])
    assert isinstance(found.exception, SettingsError)
    assert not (tmp_path / "keyring").exists()
