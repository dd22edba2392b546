import base64
import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import pyzipper
from PIL import Image
from support.asked import FIRST, NOW, OTHER, PASSPHRASE, SECOND, World
from support.holding import SECRET
from support.office import EU

from jobs.demo.broker import Broker
from jobs.incident import acts
from jobs.incident.accounts import Computing
from jobs.incident.exposure import Reach
from jobs.incident.whose import Places, Question, whose
from jobs.kafka import Cluster
from jobs.office import Office
from jobs.subjects.access.give import Given, Target, give
from jobs.subjects.access.search.people import Person
from jobs.subjects.access.search.spill import Spill
from jobs.subjects.access.writing.archive import Archive
from schemas.approvals import unapproved
from schemas.errors import AccessDeniedError, PolicyError, SettingsError
from schemas.policies import Policies
from schemas.regions import Region, Residency
from schemas.settings import Settings
from schemas.tables import DEAD_LETTERS
from storage.directory import DirectoryStore
from storage.holds import read_records
from storage.lake import Destination
from storage.store import ObjectInfo

pytestmark = pytest.mark.kafka
LINE = "R-1 account:Alice"


@dataclass(frozen=True)
class Opened:
    """An archive as whoever got it opens it."""

    parts: dict[str, bytes]

    @classmethod
    def open(cls, path: Path, passphrase: str = PASSPHRASE) -> "Opened":
        with pyzipper.AESZipFile(path) as archive:
            archive.setpassword(passphrase.encode())
            return cls({name: archive.read(name) for name in archive.namelist()})

    def rows(self, end: str) -> list[tuple[str, str, int]]:
        """(where, table, offset) of every row in files that end so."""
        found = []
        for name, data in self.parts.items():
            if name.endswith(end) and name.count("/"):
                where, _, table = name.removesuffix(end).rpartition("/")
                if end == ".csv":
                    lines = csv.DictReader(io.StringIO(data.decode()))
                    offsets = [int(line["offset"]) for line in lines]
                else:
                    offsets = pq.read_table(io.BytesIO(data))["offset"].to_pylist()
                found += [(where, table, offset) for offset in offsets]
        return found

    @property
    def proof(self) -> dict[str, Any]:
        return dict(json.loads(self.parts["completeness.json"]))

    @property
    def records(self) -> list[dict[str, Any]]:
        """Of every topic, as they were sent."""
        lines = [
            line
            for name, data in self.parts.items()
            if name.startswith("in-kafka/")
            for line in data.decode().splitlines()
        ]
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def world(module_broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    settings = Settings(bootstrap_servers=module_broker.address, partitions=2)
    with Cluster(module_broker.address) as cluster:
        yield World.build(tmp_path_factory.mktemp("world"), cluster, settings)


def target(folder: Path) -> Target:
    return Target(folder, lambda: PASSPHRASE, Policies.shipped())


def attempt(world: World, folder: Path, *lines: str) -> list[Given]:
    roll = world.roll(*(line.split()[-1] for line in lines))
    return [*give(world.cases(roll, *lines), roll, world.sources, target(folder))]


@pytest.fixture(scope="module")
def given(world: World, tmp_path_factory: pytest.TempPathFactory) -> Given:
    """Alice's archive, after a second person said yes."""
    folder = tmp_path_factory.mktemp("given")
    world.ask("R-1", "account:alice")
    (proposed,) = attempt(world, folder, LINE)
    assert proposed.path is None
    assert [*folder.iterdir()] == []
    world.approve()
    (done,) = attempt(world, folder, LINE)
    return done


@pytest.fixture(scope="module")
def opened(given: Given) -> Opened:
    assert given.path is not None
    return Opened.open(given.path)


@pytest.mark.parametrize("end", [".parquet", ".csv"])
def test_an_independent_reader_finds_exactly_the_subjects_rows(
    world: World, opened: Opened, end: str
) -> None:
    found = opened.rows(end)
    assert sorted(found) == sorted(world.mine)
    assert {where for where, _, _ in found} == {"rows", "restricted", "held/H-1"}


def test_records_that_kafka_still_has_are_given_as_they_were_sent(
    world: World, opened: Opened
) -> None:
    contents = [
        base64.b64decode(one["base64"]) if "base64" in one else one["text"].encode()
        for one in opened.records
    ]
    assert sorted(contents) == sorted(world.records)


def test_dead_letters_are_told_with_position_and_reason(opened: Opened) -> None:
    (letter,) = csv.DictReader(io.StringIO(opened.parts["not-understood.csv"].decode()))
    (record,) = (one for one in opened.records if one["rejected"])
    assert letter["rejected"] == record["rejected"] == "the record is not what it has to be"
    assert (letter["partition"], letter["offset"]) == (
        str(record["partition"]),
        str(record["offset"]),
    )


class ClosedStore(DirectoryStore):
    """Another region's bucket, to somebody whose rights end before it."""

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        raise AccessDeniedError(f"AccessDenied: {prefix}")


def test_where_another_regions_dead_letters_are_closed_the_archive_says_so(
    world: World, opened: Opened, tmp_path: Path
) -> None:
    closed = Destination(DEAD_LETTERS, Region("us"), ClosedStore(tmp_path))
    roll = world.roll("account:alice")
    (case,) = world.cases(roll, LINE)
    path = tmp_path / "archive.zip"
    with Spill() as spill, Archive.create(path, PASSPHRASE, NOW) as archive:
        sources = replace(world.sources, dead_letters=closed)
        (dossier,) = sources.search([Person.of("R-1", case.subject, roll)], spill, NOW)
        dossier.write(archive, spill, Policies.shipped())
    found = Opened.open(path)
    assert len(found.records) == len(opened.records)
    assert not any(one["rejected"] for one in found.records)
    assert found.proof["dead_letters"] == {"looked_at": False, "lie_in": "us"}
    assert opened.proof["dead_letters"] == {"looked_at": True}
    assert "another region (us)" in found.parts["index.html"].decode()
    assert "another region (" not in opened.parts["index.html"].decode()


def test_nothing_of_anybody_else_is_in_any_part(world: World, opened: Opened) -> None:
    others = [OTHER, "somebody", *(world.name(OTHER, version) for version in (1, 2))]
    for name, data in opened.parts.items():
        rows = pq.read_table(io.BytesIO(data)).to_pylist() if name.endswith("parquet") else ""
        whole = data + str(rows).encode()
        assert not [one for one in others if one.encode() in whole], name


def test_names_of_parts_which_are_not_encrypted_tell_of_nobody(
    world: World, given: Given, opened: Opened
) -> None:
    told = " ".join([*opened.parts, str(given.path)]).lower()
    names = [FIRST, SECOND, "alice", *(world.name(one, 1) for one in (FIRST, SECOND))]
    assert not [name for name in names if name.lower() in told]


def test_the_proof_names_every_file_and_digests_every_part(world: World, opened: Opened) -> None:
    proof = opened.proof
    for table in proof["tables"]:
        if table["where"] == "rows":
            destination = world.tables[table["table"]]
            live = {str(file.path) for file in destination.live()}
            assert {*table["with_rows"], *table["without"]} == live
            assert table["log_version"] == destination.version()
            assert table["search_requests"] > 0
    found = sum(n for table in proof["tables"] for n in table["with_rows"].values())
    assert found == len(world.mine)
    assert sum(one["yours"] for one in proof["kafka"]) == len(world.records)
    assert proof["key_versions"] == [1, 2]
    digests = {
        name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in opened.parts.items()
        if name != "completeness.json"
    }
    assert proof["archive"] == digests


def test_a_person_can_read_it(opened: Opened) -> None:
    page, readme = (opened.parts[name].decode() for name in ("index.html", "README.txt"))
    for told in (FIRST, SECOND, "helping with failures", "Suzhou Ruix", "yes to telemetry"):
        assert told in page
    assert "index.html" in readme
    for name in opened.parts:
        folder = name.rpartition("/")[0] + "/"
        assert name in page or folder in readme or name in readme, name
    pictures = [name for name in opened.parts if name.endswith(".png")]
    assert pictures
    for name in pictures:
        with Image.open(io.BytesIO(opened.parts[name])) as picture:
            assert picture.format == "PNG"


def test_the_act_is_told_with_its_approver_and_counts_and_names_nobody(
    world: World, given: Given
) -> None:
    act = next(
        entry.act
        for entry in world.house.office().ledger.entries()
        if entry.act.name == "subject access"
    )
    assert given.recorded is not None
    assert act == given.recorded.entry.act
    assert act.approver is not None
    assert act.changed == {"rows": len(world.mine)}
    assert act.looked_at["records"] == 7
    assert act.subject == world.house.key.tag("account", "alice")
    assert unapproved(world.house.office().ledger.entries()) == []


def test_an_approval_serves_once_and_an_archive_that_is_there_stays(
    world: World, given: Given
) -> None:
    assert given.path is not None
    before = given.path.read_bytes()
    (again,) = attempt(world, given.path.parent, LINE)
    assert again.path is None
    world.approve()
    with pytest.raises(SettingsError, match="it stays"):
        attempt(world, given.path.parent, LINE)
    with pytest.raises(SettingsError, match="no such folder"):
        attempt(world, given.path.parent / "nowhere", LINE)
    with pytest.raises(SettingsError, match="answered once"):
        attempt(world, given.path.parent, LINE, LINE)
    assert given.path.read_bytes() == before


def test_many_subjects_cost_one_pass_and_get_an_archive_each(
    world: World, given: Given, tmp_path: Path
) -> None:
    assert given.path is not None
    alice = Opened.open(given.path)
    lines = ["R-2 account:bob", "R-3 account:alice", f"R-4 device:{SECOND}", "R-5 device:nobody"]
    for line in lines:
        world.ask(*line.split())
    attempt(world, tmp_path, *lines)
    world.approve()
    done = attempt(world, tmp_path, *lines)
    bob, both, one, nobody = (Opened.open(given.path) for given in done if given.path)
    assert sorted(both.rows(".csv")) == sorted(world.mine)
    assert {*one.rows(".csv")} < world.mine
    assert not {*bob.rows(".csv")} & world.mine
    assert bob.rows(".csv")
    assert nobody.rows(".csv") == []
    assert "No row of yours is kept here." in nobody.parts["index.html"].decode()
    costs = [[table["search_requests"] for table in them.proof["tables"]] for them in (alice, both)]
    assert costs[0] == costs[1]


def places(world: World) -> Places:
    return Places(
        region=EU,
        residency=Residency.shipped(),
        buckets={
            "eu": world.tables["telemetry"].store,
            "aside": world.restricted.store,
            "held": world.held.store,
        },
        cluster=lambda: Cluster(world.address),
        computing=lambda: Computing(
            EU, world.keyring, tuple((one, SECRET) for one in read_records(world.held.store))
        ),
    )


@pytest.fixture(scope="module")
def office(world: World) -> Office:
    """An officer at work on an open incident."""
    officer = world.house.office(NOW)
    acts.open_(officer, "I-1", NOW)
    return officer


@pytest.mark.parametrize(
    ("question", "robots"),
    [
        (Question(Reach(), bucket="aside"), [FIRST, SECOND, OTHER]),
        (Question(Reach(), bucket="held"), [FIRST, OTHER]),
        (Question(Reach(version=1)), [FIRST, SECOND, OTHER]),
        (Question(Reach("telemetry/")), [FIRST, SECOND, OTHER]),
        (Question(Reach("telemetry/"), bucket="held"), []),
        (Question(Reach(), topic="fleet.telemetry"), [FIRST, SECOND, OTHER]),
        (Question(Reach(), topic="fleet.map-tiles"), []),
        (Question(Reach(since=NOW + timedelta(days=1)), topic="fleet.telemetry"), []),
    ],
)
def test_whoever_may_be_told_is_found_by_computing_forward(
    world: World, office: Office, tmp_path: Path, question: Question, robots: list[str]
) -> None:
    file = tmp_path / "accounts.csv"
    answer = whose(office, "I-1", question, places=places(world), accounts=file)
    lines = list(csv.DictReader(file.read_text().splitlines()))
    owners = {FIRST: "alice", SECOND: "alice", OTHER: "bob"}
    assert [(one["account"], one["device"]) for one in lines] == [
        (owners[robot], robot) for robot in robots
    ]
    assert file.stat().st_mode & 0o777 == 0o600
    assert answer.accounts == len(robots)
    act = world.house.office().ledger.entries()[-1].act
    assert act.scope == {"incident": "I-1", "accounts": "yes", **question.scope}
    assert act.looked_at["rows"] == answer.exposed.rows.total()


def test_without_a_wish_for_accounts_nobody_is_computed(world: World, office: Office) -> None:
    def never() -> Computing:
        raise AssertionError

    nowhere = replace(places(world), computing=never)
    answer = whose(office, "I-1", Question(Reach(version=2)), places=nowhere)
    assert answer.accounts is None
    assert answer.exposed.rows
    assert world.house.office().ledger.entries()[-1].act.scope["accounts"] == "no"


def test_no_incident_no_answer(world: World, office: Office) -> None:
    with pytest.raises(PolicyError, match="not known"):
        whose(office, "I-2", Question(Reach(version=2)), places=places(world))
    with pytest.raises(SettingsError, match="--bucket: one of eu, aside, held"):
        whose(office, "I-1", Question(Reach(), bucket="us"), places=places(world))
    with pytest.raises(SettingsError, match="are needed"):
        Question(Reach())


def test_an_archive_is_made_by_two_commands_and_opens_with_what_the_second_shows(
    world: World, tmp_path: Path
) -> None:
    subject = f"device:{SECOND}"
    world.ask("R-9", subject)
    command = ("subject", "access", subject, "--request", "R-9", "--into", str(tmp_path))
    assert "a second person has to say `fortnight approve" in world.said(*command)
    world.approve()
    said = world.said(*command)
    assert SECOND not in said
    passphrase = said.rpartition("kept nowhere: ")[2].strip()
    opened = Opened.open(tmp_path / "access-R-9-eu.zip", passphrase)
    assert {*opened.rows(".csv")} < world.mine
    world.approve()
    assert "a second person" in world.said(*command)  # an approval serves once
    world.said(*command, "--passphrase", "a passphrase in the clear", code=70)


def test_the_clock_of_an_incident_is_shown_until_somebody_was_told(world: World) -> None:
    number, known = "I-7", f"{NOW - timedelta(days=5):%Y-%m-%dT%H:%M:%S}"
    assert "tell the authority until" in world.said("incident", "open", number, "--known", known)
    assert "nobody told  LATE" in world.said("incident", "list", code=1)
    asked = ("incident", "subjects", number, "--bucket", f"file:{world.house.folder / 'eu'}")
    said = world.said(*asked)
    assert "files were looked into" in said
    assert "k1:" not in said
    world.said("incident", "close", number, code=70)
    world.said("incident", "tell", number, "--who", "authority")
    world.said("incident", "close", number)
    assert "authority told" in world.said("incident", "list", code=1)  # late it stays


def test_where_no_canary_is_registered_nothing_is_drilled_and_that_is_said(world: World) -> None:
    before = len(world.house.office().ledger.entries())
    assert "no canary is registered" in world.said("drill", "--region", "eu")
    assert len(world.house.office().ledger.entries()) == before
