import hashlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jobs.cli import app, status
from schemas.errors import FortnightError

TRAINING = "360-robot-vacuum/training"


class Shell:
    """Commands of one deployment in two regions, on folders, by whoever runs the tests."""

    def __init__(self, folder: Path) -> None:
        regions = [("eu", "eu-central-1"), ("us", "us-east-1")]
        for region, _ in regions:
            (folder / region).mkdir()
        self.folder = folder
        self.environment = {
            "FORTNIGHT_REGIONS": ",".join(f"{r}=file:{folder / r}@{where}" for r, where in regions),
            "FORTNIGHT_KEYRING": str(folder / "keyring"),
            "FORTNIGHT_KEYRING_PASSPHRASE": "correct horse battery staple",
            "FORTNIGHT_S3_ENDPOINT": "http://127.0.0.1:1",  # so nobody asks AWS who we are
        }
        self.said("ledger", "new")

    def said(self, *command: str, code: int = 0) -> str:
        found = CliRunner().invoke(app, command, env=self.environment)
        error = found.exception
        got = status(error) if isinstance(error, FortnightError) else found.exit_code
        assert got == code, (found.output, error)
        return found.output + (str(error) if isinstance(error, FortnightError) else "")

    def file(self, text: str) -> str:
        path = self.folder / "document"
        path.write_text(text, "utf-8")
        return str(path)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_what_nobody_signed_for_is_missing_until_somebody_does(shell: Shell) -> None:
    assert shell.said("attest", code=1).count("MISSING") == 2 * 4
    said = shell.said("attest", TRAINING, "--document", shell.file("taught"))
    assert "ledger of eu: entry 0" in said
    assert "ledger of us: entry 0" in said
    left = shell.said("attest", code=1)
    assert left.count("MISSING") == 2 * 3
    assert hashlib.sha256(b"taught").hexdigest() in (
        shell.folder / "eu/_ledger/00000000000000000000.json"
    ).read_text("utf-8")


def test_a_signature_needs_a_document_that_is_there(shell: Shell) -> None:
    assert "--document" in shell.said("attest", TRAINING, code=70)
    assert "No such file" in shell.said("review", "operations", "--document", "/none", code=70)


def test_reviews_are_due_once_something_was_done(shell: Shell) -> None:
    assert shell.said("review").count("due once something was done") == 2 * 3
    shell.said("review", "access list", "--document", shell.file("nothing"), "--region", "eu")
    said = shell.said("review", "--region", "eu")
    assert said.count("never, due 2") == 2
    assert said.count("last 2") == 1


def test_a_disclosure_is_proposed_first(shell: Shell) -> None:
    where = ("--region", "eu")
    shell.said("requests", "open", "R-2026-17", "--right", "order", *where)
    given = ("--to", "courts", "--why", "order", "--request", "R-2026-17")
    command = ("disclose", "360-robot-vacuum/authorities", *given, *where)
    said = shell.said(*command, "--document", shell.file("rows"))
    assert "a second person has to say `fortnight approve" in said
    assert "nothing may go" in said
    waiting = shell.said("approve", *where)
    assert "act=disclose" in waiting
    assert "takes a second person" in shell.said("approve", waiting.split()[0], *where, code=70)
