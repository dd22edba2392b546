import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.verified.columns import a_battery_that_is_not_collected
from support.verified.house import AMERICAN, GERMAN, House
from typer.testing import CliRunner

from jobs.cli import app
from jobs.verify import Outcome, Verdict, verify
from jobs.verify.report.document import Document, Previous, document, opened, sealed
from jobs.verify.report.page import page
from jobs.verify.report.terminal import figures, lines
from jobs.verify.self_test import self_test
from schemas.canonical import digest
from schemas.errors import IntegrityError
from schemas.ledger_keys import LedgerKey
from schemas.regions import Region
from schemas.settings import PREFIX

KEY = LedgerKey.generate(Region("eu"))


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with TemporaryDirectory() as folder:
        house = House.build(Path(folder) / "house")
        a_battery_that_is_not_collected(house)
        yield house


@pytest.fixture(scope="module")
def outcome(house: House) -> Outcome:
    return house.verify()


@pytest.fixture(scope="module")
def report(outcome: Outcome) -> Document:
    return document(outcome, Previous("ab" * 32))


def test_a_report_is_read_back_as_it_was_signed_and_not_when_it_was_changed(
    report: Document,
) -> None:
    data = sealed(report, KEY)
    public = KEY.signing.public_key()
    assert opened(data, public) == report
    for changed in (data.replace(b'"broken":1', b'"broken":0'), sealed(report, None), b"{}"):
        with pytest.raises(IntegrityError):
            opened(changed, public)


def test_the_same_bytes_time_and_seed_give_the_same_report(house: House, report: Document) -> None:
    again = document(house.verify(), Previous("ab" * 32))
    assert sealed(again, None) == sealed(report, None)


def test_the_page_tells_every_promise_its_verdict_and_what_repeats_it(
    outcome: Outcome, report: Document
) -> None:
    shown = page(report)
    for judged in outcome.judged:
        assert f'id="{judged.promise.name}"' in shown
    assert "battery_level is not null" in shown
    assert "<script" not in shown
    assert "src=" not in shown
    assert "<link" not in shown


def test_all_three_tell_the_figures_and_what_they_rest_on(report: Document) -> None:
    shown, told = page(report), "\n".join(figures(report))
    assert "us: those of fewer than 5 robots" in report["figures"]
    for said in (*report["figures"], report["maps"]):
        assert said in shown
        assert said in told


def test_no_report_names_a_robot_or_an_account(outcome: Outcome, report: Document) -> None:
    told = "\n".join(
        [page(report), *lines(outcome), *figures(report), sealed(report, KEY).decode()]
    )
    for robot in (GERMAN, AMERICAN):
        assert robot.serial not in told
        assert robot.account not in told


def test_what_is_refused_is_never_held(house: House) -> None:
    scene = house.scene()
    refused = tuple(replace(one, refused="AccessDenied: s3://b") for one in scene.buckets)
    outcome = verify(replace(scene, buckets=refused))
    assert Verdict.HELD not in {judged.verdict for judged in outcome.judged}


def test_without_registry_or_keys_nothing_is_said_of_whose_rows_they_are(house: House) -> None:
    outcome = verify(replace(house.scene(), keyring=None, keyring_refused="not here"))
    verdicts = {one.promise.name: one.verdict for one in outcome.judged}
    assert verdicts["smarock/consent-maps"] is Verdict.NOT_CHECKABLE
    assert verdicts["smarock/map-in-special-cases"] is not Verdict.BROKEN


def test_the_test_of_itself_finds_what_it_planted_and_leaves_nothing(house: House) -> None:
    before = [info.key for info in house.store().list()]
    assert all(self_test(house.scene()).values())
    assert [info.key for info in house.store().list()] == before


def test_the_command_fails_where_a_promise_is_broken_and_chains_its_reports(
    house: House, tmp_path: Path
) -> None:
    env = {
        PREFIX + "REGIONS": f"eu=file:{house.folder / 'eu'}@eu-central-1",
        PREFIX + "KEYRING": str(tmp_path / "none"),
    }
    file, shown = tmp_path / "report.json", tmp_path / "report.html"
    runner = CliRunner(env=env)
    arguments = ["verify", "--without-kafka", "--json", str(file), "--html", str(shown)]
    assert runner.invoke(app, arguments).exit_code == 1
    first = digest(file.read_bytes())
    assert "BROKEN" in runner.invoke(app, arguments).output
    assert json.loads(file.read_bytes())["report"]["previous"] == first
    assert (tmp_path / f"report-{first[:12]}.json").exists()
    assert "closed-list" in shown.read_text("utf-8")
