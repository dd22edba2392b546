"""`fortnight subject` as an officer types it: on a real Kafka, and a region in folders."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from support.lake import Writer
from support.rows import NOW
from support.wire import EU, registration
from typer.testing import CliRunner

from jobs import keys, topics
from jobs.cli import app, status
from jobs.demo.broker import Broker
from jobs.kafka import Cluster
from jobs.subjects.roll import Listed, read, these
from jobs.subjects.subject import names
from schemas.errors import FortnightError
from schemas.lineage import Partition
from schemas.settings import PREFIX, Settings
from schemas.tables import MAP_TILES, TELEMETRY
from schemas.tables.devices import DEVICES_TOPIC
from schemas.wrapping import Passphrase
from storage.places import open_lake, open_stores

pytestmark = pytest.mark.kafka

PASS = "a passphrase of tests"
MINE, OTHER, GONE = "SN-4711", "SN-4712", "SN-4713"
ANN = "account:ann@example.org"


@dataclass(frozen=True, slots=True)
class Shell:
    """Commands of one deployment."""

    environment: dict[str, str]
    cluster: Cluster

    def said(self, *command: str, code: int = 0, stdin: str = "") -> str:
        """What a command prints, and what it complains of; never anything raw."""
        found = CliRunner().invoke(app, command, env=self.environment, input=stdin)
        error = found.exception
        got = status(error) if isinstance(error, FortnightError) else found.exit_code
        said = found.output + (str(error) if isinstance(error, FortnightError) else "")
        assert got == code, (said, error)
        assert "4711" not in said
        assert "example.org" not in said
        return said

    def asked(self, number: str, right: str, subject: str = ANN) -> tuple[str, str]:
        """A request comes in; what names it in the command that answers it."""
        opened = ("requests", "open", number, "--right", right, "--subject", "-")
        self.said(*opened, stdin=f"{subject}\n")
        return "--request", number

    def told(self, device: str) -> Listed:
        return read(self.cluster, these([device])).of(device)


@pytest.fixture(scope="module")
def shell(module_broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("region")
    environment = {
        PREFIX + "BOOTSTRAP_SERVERS": module_broker.address,
        PREFIX + "REGIONS": f"eu=file:{folder / 'eu'}@eu-central-1",
        PREFIX + "RESTRICTED": f"eu=file:{folder / 'restricted'}@eu-central-1",
        PREFIX + "KEYRING": str(folder / "keyring"),
        PREFIX + "KEYRING_PASSPHRASE": PASS,
        PREFIX + "PARTITIONS": "1",
        PREFIX + "S3_ENDPOINT": "http://127.0.0.1:1",  # so that the system says who calls
    }
    for name in ("eu", "restricted"):
        (folder / name).mkdir()
    chosen = Settings.load(environment)
    for destination in open_lake(open_stores(chosen), chosen).values():
        destination.create()
    with Cluster(module_broker.address) as cluster:
        topics.carry_out(topics.plan(chosen), cluster)
        with cluster.producer() as producer:
            for device, account in ((MINE, "ann@example.org"), (OTHER, "bob"), (GONE, "carl")):
                value = registration(device, account=account).value
                producer.send(DEVICES_TOPIC, device.encode(), value)()
        made = Shell(environment, cluster)
        made.said("keys", "new")
        yield made


def test_records_are_stopped_and_let_through_again(shell: Shell) -> None:
    answers = shell.asked("R-1", "stop")
    assert "1 devices: what comes from now on is withheld" in shell.said(
        "subject", "stop", "-", *answers, stdin=ANN
    )
    mark = shell.told(MINE).mark
    assert mark is not None
    assert mark.stopped
    assert "stored again" in shell.said("subject", "stop", "-", *answers, "--lift", stdin=ANN)
    assert shell.told(MINE).mark is None


def test_a_consent_is_taken_back_and_a_country_put_right(shell: Shell) -> None:
    withdraw = ("subject", "withdraw", "-", "--item", "maps", *shell.asked("R-2", "withdraw"))
    said = shell.said(*withdraw, stdin=ANN)
    assert "1 of 1 devices are registered; 1 registrations changed" in said
    assert "`fortnight follow`" in said
    correct = ("subject", "correct", "-", "--set", "country=FR", *shell.asked("R-3", "correct"))
    shell.said(*correct, stdin=ANN)
    assert "0 registrations changed" in shell.said(*withdraw, stdin=ANN)
    now = shell.told(MINE).registration
    assert now is not None
    assert (now.country, now.account) == ("FR", "ann@example.org")
    assert [one.name for one in now.consents if not one.granted] == ["maps"]


def test_what_a_withdrawn_consent_let_in_is_erased_with_the_next_run(shell: Shell) -> None:
    shown = shell.said("subject", "pseudonym", "-", "--request", "R-2", stdin=ANN)
    chosen = Settings.load(shell.environment)
    tiles = open_lake(open_stores(chosen), chosen)[MAP_TILES.name, EU]
    writer = Writer(tiles)
    writer.commit(writer.put(NOW, device=[shown.split()[-1]] * 3))
    assert "3 rows in 1 files go: consent was withdrawn" in shell.said("follow", "--dry-run")
    assert "map_tiles: 3 rows erased: consent was withdrawn" in shell.said("follow")
    assert tiles.dataset().count_rows() == 0
    assert "nothing follows" in shell.said("follow")


def test_a_dry_run_makes_nothing(shell: Shell, tmp_path: Path) -> None:
    other = shell.environment | {PREFIX + "RESTRICTED": f"eu=file:{tmp_path}@eu-central-1"}
    assert "nothing follows" in Shell(other, shell.cluster).said("follow", "--dry-run")
    assert [*tmp_path.iterdir()] == []


def test_many_subjects_of_a_file_are_answered_together_or_not_at_all(
    shell: Shell, tmp_path: Path
) -> None:
    shell.asked("R-4", "stop")
    shell.asked("R-5", "stop", f"device:{OTHER}")
    lines, broken = tmp_path / "lines", tmp_path / "broken"
    lines.write_text(f"R-4 {ANN}\n\nR-5 device:{OTHER}\n", "utf-8")
    broken.write_text(f"R-4 {ANN}\nR-5 device:{MINE}\n", "utf-8")
    stop = ("subject", "stop", "--from")
    assert "R-5: it is not about this subject" in shell.said(*stop, str(broken), code=70)
    assert shell.told(MINE).mark is None
    assert shell.said(*stop, str(lines)).count("1 devices") == 2
    assert all(shell.told(one).mark for one in (MINE, OTHER))
    broken.write_text(f"{MINE}\n", "utf-8")
    assert "--from, line 1" in shell.said(*stop, str(broken), "--request", "R-4", code=70)


def test_what_is_asked_and_complained_of_is_told_and_changes_nothing(shell: Shell) -> None:
    before = shell.told(MINE)
    confirm = shell.said("subject", "confirm", "-", *shell.asked("R-6", "confirm"), stdin=ANN)
    assert "R-6: something is stored; 0 files were looked at" in confirm
    assert "devices: 1, of which 1 are registered" in confirm
    shown = shell.said("subject", "pseudonym", "-", "--request", "R-6", stdin=ANN)
    assert shown.startswith("R-6  device 1  k1:")
    complain = shell.said("subject", "complain", "-", *shell.asked("R-7", "complain"), stdin=ANN)
    assert "Art. 77" in complain
    assert "smarock: " in complain
    assert shell.told(MINE) == before


def test_a_cancelled_subject_is_erased_and_its_registration_gone(shell: Shell) -> None:
    subject = "account:carl"
    cancel = ("subject", "cancel", "-", *shell.asked("R-8", "cancel", subject))
    for _ in range(2):
        said = shell.said(*cancel, stdin=subject)
        assert "complete: a search of 0 files found nothing that is left" in said
    gone = shell.told(GONE)
    assert gone.is_cancelled
    assert gone.mark is not None
    assert gone.mark.erased is not None
    assert msgspec.json.encode(gone.mark).count(b"carl") == 0


def test_of_whom_no_device_is_known_nothing_is_cancelled(shell: Shell) -> None:
    cancel = ("subject", "cancel", "-", *shell.asked("R-11", "cancel", "account:dora"))
    told = shell.said("ledger", "report")
    assert "name device:ID" in shell.said(*cancel, stdin="account:dora", code=70)
    assert "SUBJECT: it names nobody" in shell.said(*cancel, stdin="", code=70)
    assert shell.said("ledger", "report") == told


def test_whom_an_officer_mistyped_is_not_told_as_done(shell: Shell, tmp_path: Path) -> None:
    nobody, typo = "account:nobody", "device:SN-typo"
    for number, right, more in (
        ("R-20", "stop", ()),
        ("R-21", "withdraw", ("--item", "maps")),
        ("R-22", "correct", ("--set", "country=DE")),
        ("R-23", "restrict", ()),
    ):
        asked = shell.asked(number, right, nobody)
        refused = shell.said("subject", right, "-", *asked, *more, stdin=nobody, code=70)
        assert "known here, in region eu: ask the regions that it may have been in" in refused
    confirm = ("subject", "confirm", "-", *shell.asked("R-24", "confirm", nobody))
    assert "is known in region eu: it may be in another" in shell.said(*confirm, stdin=nobody)
    shell.asked("R-25", "erase", typo)
    lines = tmp_path / "lines"
    lines.write_text(f"R-25 {typo}\n" * 2, "utf-8")
    said = shell.said("subject", "erase", "--from", str(lines))
    assert "R-25: nobody registered this device" in said
    assert said.count("R-25: 0 rows erased; complete") == 1
    lost = Shell({**shell.environment, PREFIX + "KEYRING": str(tmp_path / "none")}, shell.cluster)
    refused = lost.said("subject", "erase", "--from", str(lines), code=70)
    assert "Are FORTNIGHT_KEYRING and FORTNIGHT_LEDGER_KEY right?" in refused


def store(shell: Shell, *devices: str, last: int) -> None:
    """A worker stores a row of each device, and comes to an offset."""
    chosen = Settings.load(shell.environment)
    destination = open_lake(open_stores(chosen), chosen)["telemetry", EU]
    keyring = keys.read(Path(chosen.keyring), Passphrase(PASS))
    mine = [name for device in devices for name in names([device], keyring, EU)]
    writer = Writer(destination)
    put = [writer.put(NOW + timedelta(days=13), rows=len(mine), device=mine)] if mine else []
    topic = shell.cluster.topics([TELEMETRY.topic])[TELEMETRY.topic]
    application = Partition(topic.name, topic.id, 0).application_id
    destination.versions([application])
    destination.append(put, {application: last})


def rows_of(shell: Shell, *, restricted: bool = False) -> int:
    chosen = Settings.load(shell.environment)
    stores = open_stores(chosen, chosen.restricted if restricted else None)
    return int(open_lake(stores, chosen)["telemetry", EU].dataset().count_rows())


def send(shell: Shell) -> None:
    """Somebody says something again that no worker reads; behind it is a transaction's marker."""
    with shell.cluster.producer("test") as producer, producer.at_once():
        producer.send(TELEMETRY.topic, b"", b"{}")


def test_an_erasure_is_pending_until_what_came_before_is_durable(shell: Shell) -> None:
    subject = f"device:{OTHER}"
    erase = ("subject", "erase", "-", *shell.asked("R-9", "erase", subject))
    store(shell, OTHER, MINE, last=-1)
    send(shell)
    said = shell.said(*erase, stdin=subject, code=75)
    assert "R-9: 1 rows erased; pending: what came before the mark is not durable yet" in said
    assert "fleet.telemetry:0" in said
    send(shell)  # it is judged by the mark, so nobody waits for it
    store(shell, OTHER, last=0)
    said = shell.said(*erase, stdin=subject)
    assert "R-9: 1 rows erased; complete: a search of 1 files found nothing" in said
    assert "R-9: 0 rows erased; complete" in shell.said(*erase, stdin=subject)
    assert rows_of(shell) == 1


def test_a_restriction_puts_rows_aside_and_its_lifting_brings_them_back(shell: Shell) -> None:
    restrict = ("subject", "restrict", "-", *shell.asked("R-10", "restrict"))
    assert "1 rows put aside; pending" in shell.said(*restrict, stdin=ANN, code=75)
    store(shell, last=2)
    assert shell.said(*restrict, stdin=ANN).endswith("0 rows put aside; complete\n")
    assert (rows_of(shell), rows_of(shell, restricted=True)) == (0, 1)
    assert "0 rows put aside" in shell.said(*restrict, "--preserve", stdin=ANN)
    assert "restricted telemetry in eu: dropped 0 files" in shell.said("expire")
    assert "1 rows came back" in shell.said(*restrict, "--lift", stdin=ANN)
    assert (rows_of(shell), rows_of(shell, restricted=True)) == (1, 0)
    assert "one of them" in shell.said(*restrict, "--lift", "--preserve", stdin=ANN, code=70)


def test_every_act_is_in_the_ledger_which_names_nobody(shell: Shell) -> None:
    report = shell.said("ledger", "report")
    for act in ("stop", "withdraw", "correct", "confirm", "pseudonym", "complain", "cancel"):
        assert f"subject {act}" in report
    assert "proven up to entry" in shell.said("ledger", "verify")
