import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from jobs.buckets import Purpose
from jobs.cli import main
from jobs.roles.declared import Role, roles
from jobs.roles.page import files
from jobs.roles.policies import bucket_policy, policy
from schemas.hold_record import label_of
from schemas.keyring import Key, KeyState
from schemas.regions import Region
from schemas.settings import RegionSettings, Settings

ROLES = roles(Settings())
HERE = RegionSettings(Region("eu"), "here", "eu-central-1")
DOCUMENTS = Path(__file__).parents[4] / "docs"


def test_no_policy_reaches_into_another_regions_bucket() -> None:
    for role in ROLES:
        for statement in policy(role, HERE)["Statement"]:
            names_of_buckets = statement["Action"] == ["s3:ListAllMyBuckets"]  # and nothing in them
            assert (
                statement["Effect"] == "Deny"
                or names_of_buckets
                or all(
                    resource.partition("/")[0] == "arn:aws:s3:::here"
                    for resource in statement["Resource"]
                )
            )


def test_upkeep_can_open_the_keys_of_holds_and_no_other() -> None:
    (upkeep,) = (role for role in ROLES if role.name == "upkeep")
    (kms,) = (
        one for one in policy(upkeep, HERE, with_kms=True)["Statement"] if "kms" in one["Action"][0]
    )
    opens = kms["Condition"]["StringLike"]["kms:EncryptionContext:version"]
    assert label_of("H-1", HERE.region)["version"].startswith(opens.removesuffix("*"))
    assert opens.endswith("*")
    assert not fnmatchcase(Key(HERE.region, 1, KeyState.CURRENT, b"").label["version"], opens)


@pytest.mark.parametrize("purpose", [Purpose.RESTRICTED, Purpose.HELD])
def test_what_was_put_aside_is_out_of_reach_of_everybody_who_needs_not_see_it(
    purpose: Purpose,
) -> None:
    def reaches(role: Role) -> bool:
        made = policy(role, HERE, aside={purpose: "aside"})["Statement"]
        return any("arn:aws:s3:::aside/*" in one["Resource"] for one in made)

    assert {role.name for role in ROLES if reaches(role)} == {"officer", "upkeep", "auditor"}
    (upkeep,) = (role for role in ROLES if role.name == "upkeep")
    made = policy(upkeep, HERE, aside={purpose: "aside"})["Statement"]
    actions = {
        action
        for one in made
        if "arn:aws:s3:::aside/*" in one["Resource"]
        for action in one["Action"]
    }
    assert ("s3:DeleteObject" in actions) is (purpose is Purpose.RESTRICTED)


def test_keys_of_kms_are_used_by_those_who_need_them_where_there_are_any() -> None:
    def kms(role: Role, *, with_kms: bool) -> set[str]:
        statements = policy(role, HERE, with_kms=with_kms)["Statement"]
        return {action for one in statements for action in one["Action"] if "kms" in action}

    users = {role.name: kms(role, with_kms=True) for role in ROLES}
    users_of_keys = {name for name, actions in users.items() if actions}
    assert users_of_keys == {"worker", "custodian", "officer", "upkeep"}
    assert users["worker"] == users["upkeep"] == {"kms:Decrypt"}
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
