"""Every promise at once: robots of both makers in four regions, whose owners use their rights."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import boto3
import msgspec
import pytest
from support.demo import PATIENCE, Demo
from typer.testing import CliRunner, Result

from jobs.cli import app
from jobs.demo.fleet.plan import Plan
from jobs.demo.fleet.registrations import VENDORS
from schemas.drills import STEPS
from schemas.errors import RetryableError
from schemas.settings import PREFIX

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("credentials")]

ROBOTS = 28
HOMES = {"eu": ("DE", "eu-central-1"), "uk": ("GB", "eu-west-2")}
HOMES |= {"us": ("US", "us-east-1"), "cn": ("CN", "cn-north-1")}
"""Region -> a country of it, and where its buckets are."""

NOT_IN_A_DEMO = {"transport", "frankfurt", "suppliers", "least-privilege", "no-third-parties"}
"""Clauses that ask for certificates, Kafka's lists of rights, and where its machines are."""


def places(kind: str) -> str:
    return ",".join(f"{region}={kind}-{region}@{where}" for region, (_, where) in HOMES.items())


class Officers:
    """Two persons, whom STS knows, at the commands of a running demo."""

    def __init__(self, demo: Demo) -> None:
        self.settings = demo.settings()
        self._environment = demo.environment() | {"AWS_ENDPOINT_URL_STS": self.settings.s3_endpoint}
        self._alice, self._bob = self._person(), self._person()
        self._requests = 0

    def said(self, *command: str, by: dict[str, str] | None = None) -> str:
        """What a command says that did what it was asked to."""
        found = self._run(*command, by=by or self._alice)
        assert found.exit_code == 0, (command, found.output, found.exception)
        return found.output

    def is_done(self, *command: str) -> bool:
        """Whether a command did what it was asked to; else it is pending."""
        found = self._run(*command, by=self._alice)
        pending = isinstance(found.exception, RetryableError)
        assert pending or found.exit_code == 0, (command, found.output, found.exception)
        return not pending

    def asked(self, right: str, device: str, region: str) -> tuple[str, ...]:
        """The arguments of a command that answers a new request of a device's owner."""
        self._requests += 1
        number = f"R-{self._requests}"
        subject = ("--subject", f"device:{device}", "--region", region)
        self.said("requests", "open", number, "--right", right, *subject)
        return f"device:{device}", "--request", number, "--region", region

    def by_both(self, *command: str) -> None:
        """Propose, approve, do."""
        proposed = re.search(r"fortnight approve (\w+)", self.said(*command))
        assert proposed is not None
        self.said("approve", proposed[1], "--region", "eu", by=self._bob)
        self.said(*command)

    def _run(self, *command: str, by: dict[str, str]) -> Result:
        return CliRunner().invoke(app, command, env=self._environment | by)

    def _person(self) -> dict[str, str]:
        iam = boto3.client("iam", region_name="us-east-1", endpoint_url=self.settings.s3_endpoint)
        name = f"officer-{uuid4().hex[:8]}"
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    variables = {
        f"{PREFIX}REGIONS": places("rows"),
        f"{PREFIX}RESTRICTED": places("aside"),
        f"{PREFIX}HOLDS": places("held"),
        f"{PREFIX}FLUSH_PERIOD": "5",  # fewer files to be looked at
    }
    fleet = ("--robots", str(ROBOTS), "--countries", ",".join(c for c, _ in HOMES.values()))
    with Demo(tmp_path, "--keep", *fleet, **variables) as running:
        running.wait_for_rows()
        yield running


def robots(region: str) -> list[str]:
    """Devices of a region whose owners said yes to everything, of both makers in turn."""
    country, _ = HOMES[region]
    plan = Plan(robots=ROBOTS, countries=tuple(c for c, _ in HOMES.values()))
    mine = [owner for owner in plan.owners() if owner.country == country and owner.is_registered]
    willing = [owner for owner in mine if owner.is_bound and all(owner.consents)]
    return [owner.device for owner in willing]


def test_owners_in_four_regions_use_their_rights_while_rows_come_and_every_promise_is_kept(
    demo: Demo, tmp_path: Path
) -> None:
    officers = Officers(demo)
    erased, aside, held, copied = robots("eu")[:4]
    restrict = ("subject", "restrict", *officers.asked("restrict", aside, "eu"))
    officers.by_both(
        *("hold", "place", "H-1", *officers.asked("order", held, "eu")),
        *("--ground", "dispute", "--review", "2099-01-15"),
    )
    officers.by_both(
        *("subject", "access", *officers.asked("access", copied, "eu")),
        *("--into", str(tmp_path)),
    )
    withdrawing, cancelling, objecting = robots("uk")[0], robots("us")[0], robots("cn")[0]
    officers.said(
        "subject", "withdraw", *officers.asked("withdraw", withdrawing, "uk"), "--item", "maps"
    )
    officers.said("subject", "stop", *officers.asked("stop", objecting, "cn"))
    erase = ("subject", "erase", *officers.asked("erase", erased, "eu"))
    cancel = ("subject", "cancel", *officers.asked("cancel", cancelling, "us"))
    for command in (restrict, erase, cancel):
        demo.wait_until(partial(officers.is_done, *command), within=PATIENCE)
    report = tmp_path / "report.json"
    page = tmp_path / "report.html"
    officers.said("verify", "--deep", "--json", str(report), "--html", str(page))
    found = msgspec.json.decode(report.read_bytes())["report"]
    assert found["verdicts"]["broken"] == 0
    unseen = {one["id"] for one in found["promises"] if one["verdict"] == "not checkable"}
    assert unseen <= NOT_IN_A_DEMO
    kept = {one["name"] for one in found["promises"] if one["verdict"] == "held"}
    assert kept >= {f"{maker}/{clause}" for maker in VENDORS for clause in ("hold", "right-access")}
    due = [
        note
        for one in found["promises"]
        for look in one["looks"]
        for note in look["notes"]
        if look["unit"] == "canaries"
    ]
    assert len([one for one in due if ": due 2" in one]) == len(HOMES) * len(VENDORS) * len(STEPS)
    assert found["maps"].startswith("how well maps can be linked")
    assert all(name in page.read_text("utf-8") for name in kept)
