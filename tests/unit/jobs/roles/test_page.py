import json
from pathlib import Path

import pytest

from jobs.cli import main
from jobs.roles.declared import Role, roles
from jobs.roles.page import files
from jobs.roles.policies import bucket_policy, policy
from schemas.regions import Region
from schemas.settings import RegionSettings, Settings

ROLES = roles(Settings())
HERE = RegionSettings(Region("eu"), "here", "eu-central-1")
DOCUMENTS = Path(__file__).parents[4] / "docs"


def test_no_policy_reaches_into_another_regions_bucket() -> None:
    for role in ROLES:
        for statement in policy(role, HERE)["Statement"]:
            assert statement["Effect"] == "Deny" or all(
                resource.partition("/")[0] == "arn:aws:s3:::here"
                for resource in statement["Resource"]
            )


def test_keys_of_kms_are_made_by_their_custodian_and_used_by_workers_where_there_are_any() -> None:
    def kms(role: Role, *, with_kms: bool) -> set[str]:
        statements = policy(role, HERE, with_kms=with_kms)["Statement"]
        return {action for one in statements for action in one["Action"] if "kms" in action}

    users = {role.name: kms(role, with_kms=True) for role in ROLES}
    assert {name for name, actions in users.items() if actions} == {"worker", "custodian"}
    assert users["worker"] == {"kms:Decrypt"}
    assert not any(kms(role, with_kms=False) for role in ROLES)


def test_a_bucket_refuses_everybody_in_the_clear_and_whoever_writes_over_the_ledger() -> None:
    clear, over = bucket_policy("here")["Statement"]
    assert {clear["Effect"], over["Effect"]} == {"Deny"}
    assert clear["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert clear["Resource"] == ["arn:aws:s3:::here", "arn:aws:s3:::here/*"]
    assert over["Resource"] == ["arn:aws:s3:::here/_ledger/*"]
    assert over["Condition"]["Null"] == {"s3:if-none-match": "true"}


def test_only_those_who_must_see_old_versions_may() -> None:
    seers = {
        role.name for role in ROLES for right in role.s3 if "GetObjectVersion" in right.actions
    }
    assert seers == {"officer", "auditor"}


def test_the_page_tells_of_every_role_and_links_lead_somewhere() -> None:
    page = dict(files(Settings()))["roles.md"].decode()
    assert all(f"\n## {role.name}\n" in page for role in ROLES)
    for text in (page, (DOCUMENTS / "access.md").read_text("utf-8")):
        links = [part.partition(")")[0] for part in text.split("](")[1:]]
        folder = DOCUMENTS / "access" if text is page else DOCUMENTS
        inside = [link for link in links if "jobs/" not in link]  # sources are not in the wheel
        assert all((folder / link).exists() for link in inside)


def test_the_command_shows_one_policy_or_all(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, status in ((["worker", "eu"], 0), ([], 0), (["nobody"], 70)):
        with pytest.raises(SystemExit) as ended:
            main(["access", "iam", *arguments])
        assert ended.value.code == status
        shown = capsys.readouterr().out
        if status == 0:
            assert ("Statement" in json.loads(shown)) is bool(arguments)
