from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from support.lake import Writer
from typer.testing import CliRunner

from jobs import keys
from jobs.cli import app, status
from jobs.demo.object_store import S3Server
from schemas.errors import FortnightError
from schemas.regions import Region
from schemas.tables import TELEMETRY
from schemas.wrapping import Passphrase
from storage.directory import DirectoryStore
from storage.lake import Destination

EU = Region("eu")
PASS = "correct horse battery staple"
DEVICE = "Serial-0815"
NOW = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's


class Shell:
    """Commands of one deployment on folders, by whoever AWS says."""

    def __init__(self, folder: Path, sts: str) -> None:
        (folder / "eu").mkdir()
        self.folder = folder
        self._runner = CliRunner()
        self._environment = {
            "FORTNIGHT_REGIONS": f"eu=file:{folder / 'eu'}@eu-central-1",
            "FORTNIGHT_KEYRING": str(folder / "keyring"),
            "FORTNIGHT_KEYRING_PASSPHRASE": PASS,
            "AWS_ENDPOINT_URL_STS": sts,
        }

    def said(self, *command: str, by: dict[str, str], code: int = 0) -> str:
        found = self._runner.invoke(app, command, env=self._environment | by)
        error = found.exception
        got = status(error) if isinstance(error, FortnightError) else found.exit_code
        assert got == code, (found.output, error)
        return found.output + (str(error) if isinstance(error, FortnightError) else "")


def officer(s3: S3Server) -> dict[str, str]:
    """AWS's variables of somebody whom STS knows."""
    iam = boto3.client("iam", region_name="us-east-1", endpoint_url=s3.url)
    name = f"officer-{uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


@pytest.fixture
def shell(tmp_path: Path, s3: S3Server) -> Shell:
    """A keyring whose first version was retired seventeen days ago."""
    made = Shell(tmp_path, s3.url)
    keys.create(tmp_path / "keyring", [EU], Passphrase(PASS), NOW - timedelta(days=30))
    Destination(TELEMETRY, EU, DirectoryStore(tmp_path / "eu")).create()
    keys.change(
        tmp_path / "keyring",
        Passphrase(PASS),
        lambda it: it.rotate(EU, NOW - timedelta(days=17)),
        opening=[EU],
    )
    return made


def test_two_officers_destroy_a_version_and_the_ledger_tells_it(shell: Shell, s3: S3Server) -> None:
    alice, bob = officer(s3), officer(s3)
    assert "made" in shell.said("ledger", "new", by=alice)
    subject = ("--subject", f"device:{DEVICE}")
    assert "due on" in shell.said("requests", "open", "R-7", "--right", "order", *subject, by=alice)
    destroy = ("keys", "destroy", "k1", "--request", "R-7")
    digest = shell.said(*destroy, by=alice).split("fortnight approve ")[1][:12]
    assert f"{digest}  eu  waits" in shell.said("approve", by=bob)
    assert "a second person" in shell.said("approve", digest, by=alice, code=70)
    assert "by aws:arn:aws:iam::123456789012:user/officer-" in shell.said("approve", digest, by=bob)
    assert "eu k1: destroyed" in shell.said(*destroy, by=alice)
    report = shell.said("ledger", "report", by=bob)
    assert [line.split("  ")[2] for line in report.splitlines()] == [
        "requests open",
        "propose",
        "approve",
        "keys destroy",
    ]
    assert DEVICE not in report
    assert shell.said("keys", "list", by=bob).split()[1:3] == ["k1", "destroyed"]
    told = shell.said("ledger", "verify", by=bob, code=1)  # nobody entered that rotation
    assert "eu k2 became current, and no entry says who did that" in told
    assert "proven up to entry 3" in told


def test_a_version_is_not_destroyed_while_rows_of_it_are_put_aside(
    shell: Shell, s3: S3Server
) -> None:
    folder = shell.folder / "restricted"
    folder.mkdir()
    aside = Destination(TELEMETRY, EU, DirectoryStore(folder))
    aside.create()
    writer = Writer(aside)
    writer.commit(writer.put(NOW - timedelta(days=1), key_version=[1, 2, 2]))
    alice = officer(s3) | {"FORTNIGHT_RESTRICTED": f"eu=file:{folder}@eu-central-1"}
    shell.said("ledger", "new", by=alice)
    shell.said("requests", "open", "R-7", "--right", "order", by=alice)
    destroy = ("keys", "destroy", "k1", "--request", "R-7")
    refused = shell.said(*destroy, by=alice, code=70)
    assert "restricted telemetry in eu: 1 rows are written under it" in refused


def test_an_entry_that_was_changed_breaks_the_promise(shell: Shell, s3: S3Server) -> None:
    alice = officer(s3)
    shell.said("ledger", "new", by=alice)
    shell.said("keys", "rotate", by=alice)
    (entry,) = (shell.folder / "eu" / "_ledger").iterdir()
    entry.write_bytes(entry.read_bytes().replace(b"schedule", b"dispute!"))
    told = shell.said("ledger", "verify", by=alice, code=1)
    assert "BROKEN: entry 0: its signature is not the ledger's" in told
    assert "BROKEN: anchor 0: the ledger has another entry there" in told
    entry.with_name("1.json").write_bytes(b"")
    told = shell.said("ledger", "verify", by=alice, code=1)
    assert "BROKEN: _ledger/1.json: neither an entry nor an anchor" in told
    assert "signature" in shell.said("ledger", "report", by=alice, code=70)


def test_whoever_has_the_public_keys_alone_proves_a_ledger_and_acts_in_none(
    shell: Shell, s3: S3Server
) -> None:
    alice, bob = officer(s3), officer(s3)
    shell.said("ledger", "new", by=alice)
    shell.said("keys", "rotate", by=alice)
    public = shell.folder / "ledger.public"
    public.write_text(shell.said("ledger", "public-keys", by=alice), "utf-8")
    assert "wrapped" not in public.read_text("utf-8")
    auditor = bob | {"FORTNIGHT_LEDGER_KEY": str(public)}
    told = shell.said("ledger", "verify", by=auditor, code=1)  # nobody entered the first rotation
    assert "proven up to entry 0" in told
    assert "signature" not in told
    refused = shell.said("keys", "rotate", by=auditor, code=70)
    assert "ledger key: there is none for region eu" in refused


def test_who_says_to_be_somebody_else_does_nothing(shell: Shell, s3: S3Server) -> None:
    alice = officer(s3)
    shell.said("ledger", "new", by=alice)
    claimed = ("--by", "arn:aws:iam::123456789012:user/root")
    assert "not who is calling" in shell.said("keys", "rotate", *claimed, by=alice, code=70)
    assert shell.said("keys", "list", by=alice).count("\n") == 2


def test_overdue_requests_are_a_finding(shell: Shell, s3: S3Server) -> None:
    alice = officer(s3)
    shell.said("ledger", "new", by=alice)
    received = ("--received", f"{NOW - timedelta(days=40):%Y-%m-%d}")
    shell.said("requests", "open", "R-1", "--right", "access", *received, by=alice)
    assert "LATE\n1 requests wait" in shell.said("requests", "list", by=alice, code=1)
    shell.said("requests", "open", "R-2", "--right", "erase", by=alice)
    shell.said("requests", "refuse", "R-2", "--ground", "identity", by=alice)
    listed = shell.said("requests", "list", "--all", by=alice, code=1)
    assert "refused: identity" in listed
    assert "is overdue" in shell.said("ledger", "verify", by=alice, code=1)


def test_keys_that_kms_wraps_are_made_listed_and_rotated_likewise(
    tmp_path: Path, s3: S3Server
) -> None:
    alice = officer(s3) | {"FORTNIGHT_WRAPPING": "kms", "AWS_ENDPOINT_URL_KMS": s3.url}
    shell = Shell(tmp_path, s3.url)
    shell.said("keys", "new", by=alice)
    assert shell.said("keys", "new", "--region", "eu", by=alice).split()[6:8] == ["eu", "k2"]
    rotated = shell.said("keys", "rotate", by=alice)
    assert shell.said("keys", "list", by=alice) == rotated
    assert [line.split()[2] for line in rotated.splitlines()] == ["retired", "current"]
    assert "keys new" in shell.said("ledger", "report", by=alice)
    assert "BROKEN" not in shell.said("ledger", "verify", by=alice)


def test_the_ledgers_keys_are_made_once_and_without_them_nothing_is_done(
    shell: Shell, s3: S3Server
) -> None:
    alice = officer(s3)
    assert "fortnight ledger new" in shell.said("keys", "rotate", by=alice, code=70)
    assert shell.said("keys", "list", by=alice).count("\n") == 2
    shell.said("ledger", "new", by=alice)
    assert "they stay" in shell.said("ledger", "new", by=alice, code=70)
