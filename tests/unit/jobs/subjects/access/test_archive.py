import hashlib
import os
import signal
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
import pyzipper

from jobs.subjects.access.search.spill import Spill
from jobs.subjects.access.writing.archive import Archive, Part, new_passphrase
from schemas.errors import SettingsError

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PASSPHRASE = "correct horse battery staple"
UNFINISHED = """
import sys, time
from datetime import datetime
from pathlib import Path
from jobs.subjects.access.writing.archive import Archive
with Archive.create(Path(sys.argv[1]), "x" * 20, datetime(2026, 1, 1)) as archive:
    archive.put("README.txt", b"hello")
    print("there", flush=True)
    time.sleep(600)
"""


def test_a_reader_with_the_passphrase_finds_what_was_put_and_its_digests(tmp_path: Path) -> None:
    path = tmp_path / "copy.zip"
    with Archive.create(path, PASSPHRASE, NOW) as archive:
        archive.put("README.txt", b"hello" * 1000)
        with archive.part("rows.csv") as part:
            part.write(b"a,b\n")
            part.write(b"1,2\n")
    assert archive.parts["rows.csv"] == Part(8, hashlib.sha256(b"a,b\n1,2\n").hexdigest())
    with pyzipper.AESZipFile(path) as found:
        found.setpassword(PASSPHRASE.encode())
        assert found.read("rows.csv") == b"a,b\n1,2\n"
        assert [one.wz_aes_strength for one in found.infolist()] == [3, 3]  # AES-256
        found.setpassword(b"another one altogether")
        with pytest.raises(RuntimeError, match="password"):
            found.read("rows.csv")
    with zipfile.ZipFile(path) as plain, pytest.raises(RuntimeError, match="encrypted"):
        plain.read("README.txt")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "copy.zip"
    path.write_bytes(b"mine")
    with pytest.raises(SettingsError, match="stays"), Archive.create(path, PASSPHRASE, NOW):
        pass
    assert path.read_bytes() == b"mine"


def test_a_file_that_came_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "copy.zip"
    with pytest.raises(SettingsError, match="stays"), Archive.create(path, PASSPHRASE, NOW):
        path.write_bytes(b"mine")
    assert [*tmp_path.iterdir()] == [path]


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    with (
        pytest.raises(TypeError),
        Archive.create(tmp_path / "copy.zip", PASSPHRASE, NOW) as archive,
        archive.part("README.txt") as part,
    ):
        part.write(None)
    assert [*tmp_path.iterdir()] == []


def test_nothing_is_left_behind_by_a_process_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", UNFINISHED, str(tmp_path / "copy.zip")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - ours
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        process.send_signal(signal.SIGKILL)
    assert [*tmp_path.iterdir()] == []


def test_a_short_passphrase_is_refused_and_a_made_one_is_long(tmp_path: Path) -> None:
    with (
        pytest.raises(SettingsError, match="20 characters"),
        Archive.create(tmp_path / "c.zip", "short", NOW),
    ):
        pass
    made = new_passphrase()
    assert len(made) >= 40
    assert made != new_passphrase()
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz234567-")


def test_rows_that_were_put_aside_come_back_and_nobody_else_can_read_them() -> None:
    first, second = pa.table({"a": ["Serial-1"] * 100}), pa.table({"b": [1.5]})
    with Spill() as spill:
        places = [spill.put(first), spill.put(second)]
        assert [place.rows for place in places] == [100, 1]
        assert spill.get(places[1]) == second
        assert spill.get(places[0]) == first
        handle = spill._file.fileno()  # noqa: SLF001 - what is on the disk
        on_disk = os.pread(handle, 1 << 20, 0)
    assert on_disk
    assert b"Serial-1" not in on_disk
