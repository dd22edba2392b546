"""The generated policies on an S3 that enforces IAM: each right works, each refusal is tried."""

import json
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from support.holding import HELD, Bucket
from support.lake import Writer
from support.rows import NOW

from jobs import expire, sweep
from jobs.buckets import Purpose
from jobs.demo.object_store import S3Server
from jobs.holds.open import keep_of
from jobs.roles import policies
from jobs.roles.declared import roles
from jobs.verify import Bucket as Place
from jobs.verify import Finding, Look, Scene, open_buckets
from jobs.verify.configuration.attempts import try_all
from jobs.verify.configuration.roles import in_s3
from jobs.verify.seen import Seen
from jobs.verify.stored.files import StoredFile
from jobs.verify.stored.listing import Listing
from schemas.policies import Policies
from schemas.regions import Region, Residency
from schemas.settings import Settings
from schemas.tables import CLEANING_HISTORY, MAP_TILES, TELEMETRY, Table
from storage.holds import drop_copies, drop_sign, put_sign
from storage.lake import Destination
from storage.s3 import Credentials, S3Bucket, S3Location, S3Store
from storage.s3.evidence import DENIED, Unseen
from storage.s3.examining import buckets, examine
from storage.store import check_conditional_puts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SETTINGS = Settings()
EU, US = SETTINGS.regions
ASIDE = {Purpose.RESTRICTED: "eu-restricted", Purpose.HELD: "eu-held"}
ROLES = {role.name: role for role in roles(SETTINGS)}
READS = {"list", "look at logs"}
ROWS, MAPS = "telemetry/date=2026-11-21/expires=2026-12-05T14/a", "map_tiles/date=2026-11-21/a"
LOG = "telemetry/_delta_log/00000000000000000000.json"
ENTRY, LINK = "_ledger/00000000000000000001.json", "_links/expires=2026-12-05T14/k1-k2.parquet"
WATCH = f"_watch/expires=2026-12-05T14/{'0' * 32}.sealed"
MAY: dict[str, set[str]] = {
    "fleet": set(),
    "account-service": set(),
    "worker": {*READS, "read rows", "see maps", "write rows", "list versions"},
    "upkeep": {
        *(*READS, "read rows", "see maps", "write rows", "list versions"),
        *("delete rows", "delete a version"),
        *("read restricted", "write restricted", "delete restricted", "read held", "write held"),
    },
    "watch": READS,
    "analyst": {*READS, "read rows"},
    "map-analyst": {"list", "see maps"},
    "link-analyst": {"list", "see links"},
    "operator": {*READS, "configure", "look at settings"},
    "officer": {
        *(*READS, "read rows", "see maps", "write rows", "list versions", "read an old version"),
        *("delete rows", "delete a version", "see links", "read the ledger", "tell the ledger"),
        "hide a hold",
        *(
            f"{verb} {rows}"
            for verb in ("read", "write", "delete")
            for rows in ("restricted", "held")
        ),
    },
    "custodian": {"list", "read the ledger", "tell the ledger"},
    "auditor": {
        *(*READS, "read rows", "see maps", "list versions", "read an old version"),
        *("look at settings", "read the ledger", "see links", "read restricted", "read held"),
    },
}
"""Everything that each role may do, of `attempts`; what is not here has to be refused."""


def one_more(action: str, key: str) -> dict[str, Any]:
    """A policy that lets somebody do one thing in the EU's bucket for rows."""
    right = {
        "Effect": "Allow",
        "Action": [f"s3:{action}"],
        "Resource": [f"arn:aws:s3:::{EU.bucket}/{key}"],
    }
    return {"Version": "2012-10-17", "Statement": [right]}


GREEDY = {
    "analyst who sees maps": ("analyst", one_more("GetObject", "map_tiles/*")),
    "analyst of old versions": ("analyst", one_more("GetObjectVersion", "telemetry/*")),
    "analyst who writes": ("analyst", one_more("PutObject", "telemetry/*")),
    "worker who deletes": ("worker", one_more("DeleteObjectVersion", "telemetry/*")),
    "analyst of watch entries": ("analyst", one_more("GetObject", "_watch/*")),
    "custodian who reads rows": ("custodian", one_more("GetObject", "*")),
}
"""Users to whom somebody gave one right more than their role has."""


def attempts(client: "S3Client", version: str) -> dict[str, Callable[[], object]]:
    """What anybody might try in the EU's buckets, and a read in that of the US."""
    return _in_its_bucket(client, version) | {
        f"{verb} {name}": attempt
        for name, bucket in (
            ("restricted", ASIDE[Purpose.RESTRICTED]),
            ("held", ASIDE[Purpose.HELD]),
        )
        for verb, attempt in _aside(client, bucket).items()
    }


def _aside(client: "S3Client", bucket: str) -> dict[str, Callable[[], object]]:
    return {
        "read": lambda: client.get_object(Bucket=bucket, Key=ROWS),
        "write": lambda: client.put_object(Bucket=bucket, Key=f"{ROWS}-new", Body=b""),
        "delete": lambda: client.delete_object(Bucket=bucket, Key=f"{ROWS}-new"),
    }


def _in_its_bucket(client: "S3Client", version: str) -> dict[str, Callable[[], object]]:
    here: dict[str, Any] = {"Bucket": EU.bucket}
    return {
        "list": lambda: client.list_objects_v2(**here),
        "look at logs": lambda: client.get_object(**here, Key=LOG),
        "read rows": lambda: client.get_object(**here, Key=ROWS),
        "see maps": lambda: client.get_object(**here, Key=MAPS),
        "write rows": lambda: client.put_object(**here, Key=f"{ROWS}-new", Body=b""),
        "list versions": lambda: client.list_object_versions(**here),
        "read an old version": lambda: client.get_object(**here, Key=ROWS, VersionId=version),
        "delete rows": lambda: client.delete_object(**here, Key=f"{ROWS}-new"),
        "delete a version": lambda: client.delete_object(
            **here, Key=f"{ROWS}-none", VersionId=version
        ),
        "hide a hold": lambda: client.delete_object(**here, Key="_held/H-1"),
        "see links": lambda: client.get_object(**here, Key=LINK),
        "read the ledger": lambda: client.get_object(**here, Key=ENTRY),
        "tell the ledger": lambda: client.put_object(**here, Key=f"{ENTRY}-new", Body=b""),
        "delete from the ledger": lambda: client.delete_object(**here, Key=ENTRY),
        "configure": lambda: client.put_bucket_versioning(
            **here, VersioningConfiguration={"Status": "Enabled"}
        ),
        "look at settings": lambda: client.get_bucket_versioning(**here),
        "read elsewhere": lambda: client.get_object(Bucket=US.bucket, Key=ROWS),
        "write elsewhere": lambda: client.put_object(Bucket=US.bucket, Key=ROWS, Body=b""),
    }


class Account:
    """An AWS account: an S3 that enforces policies, and a user a role of the EU."""

    def __init__(self, server: S3Server) -> None:
        self.url = server.url
        self.keys: dict[str, Credentials] = {}
        open_to_all = Credentials("anybody", "anything")
        self.version = self._fill(S3Location(EU.bucket, EU.location, server.url, open_to_all))
        self._fill(S3Location(US.bucket, US.location, server.url, open_to_all))
        for bucket in ASIDE.values():
            self._fill(S3Location(bucket, EU.location, server.url, open_to_all))
        self._iam = boto3.client("iam", endpoint_url=server.url, region_name="us-east-1")
        for name, role in ROLES.items():
            self._let_in(name, as_moto_asks(policies.policy(role, EU, aside=ASIDE)))
        for name, (known, more) in GREEDY.items():
            self._let_in(name, as_moto_asks(policies.policy(ROLES[known], EU, aside=ASIDE)), more)
        as_text = {"Content-Type": "text/plain"}
        enforce = urllib.request.Request(f"{server.url}/moto-api/reset-auth", b"0", as_text)  # noqa: S310 - our own server
        urllib.request.urlopen(enforce).close()  # noqa: S310 - our own server

    def location(self, role: str) -> S3Location:
        return S3Location(EU.bucket, EU.location, self.url, self.keys[role])

    def table(self, role: str, table: Table = TELEMETRY) -> Destination:
        return Destination(table, Region("eu"), S3Store(self.location(role)))

    def scene(self, shared: Path, **users: str) -> Scene:
        """What verify is given by an auditor who has profiles of roles: user by role.

        Args:
            shared: AWS's file of profiles, which is made.
        """
        given = {f"fortnight-{role}-eu": self.keys[who] for role, who in users.items()}
        text = [
            f"[{name}]\naws_access_key_id = {keys.access_key}\n"
            f"aws_secret_access_key = {keys.secret_key}\n"
            for name, keys in given.items()
        ]
        shared.write_text("".join(text), "utf-8")
        settings = replace(
            SETTINGS,
            s3_endpoint=self.url,
            restricted=(replace(EU, bucket=ASIDE[Purpose.RESTRICTED]),),
            holds=(replace(EU, bucket=ASIDE[Purpose.HELD]),),
        )
        scene = Scene(
            settings=settings,
            policies=Policies.shipped(),
            residency=Residency.shipped(),
            buckets=tuple(map(self._as_auditor, open_buckets(settings, NOW))),
            now=NOW,
        )
        listings = [
            Listing(one.name, one.region, *_listed(one), watches=[WATCH]) for one in scene.buckets
        ]
        return replace(scene, seen=Seen(listings=tuple(listings)))

    def _as_auditor(self, bucket: Place) -> Place:
        assert bucket.where
        where = replace(bucket.where, credentials=self.keys["auditor"])
        return replace(bucket, where=where, refused="")

    def _let_in(self, name: str, *documents: dict[str, Any]) -> None:
        self._iam.create_user(UserName=name)
        for number, policy in enumerate(documents):
            self._iam.put_user_policy(
                UserName=name, PolicyName=f"policy-{number}", PolicyDocument=json.dumps(policy)
            )
        made = self._iam.create_access_key(UserName=name)["AccessKey"]
        self.keys[name] = Credentials(made["AccessKeyId"], made["SecretAccessKey"])

    def _fill(self, place: S3Location) -> str:
        """Make a bucket with two versions of an object; the old one's id."""
        S3Bucket(place, []).create(versioned=True)
        client = place.client()
        old = client.put_object(Bucket=place.bucket, Key=ROWS, Body=b"old")["VersionId"]
        for key in (ROWS, MAPS, LOG, ENTRY, LINK, WATCH):
            client.put_object(Bucket=place.bucket, Key=key, Body=b"new")
        return old


def _listed(bucket: Place) -> tuple[list[StoredFile], dict[str, list[int]], list[str]]:
    """What verify lists there."""
    files = [
        StoredFile(bucket.name, bucket.region, table, key, NOW.date(), NOW, 3)
        for table, key in (("telemetry", ROWS), ("map_tiles", MAPS))
    ]
    return files, {"telemetry": [0]}, [ENTRY, LINK]


def as_moto_asks(policy: dict[str, Any]) -> dict[str, Any]:
    """For moto a look at a bucket is HeadBucket, and deleting several objects is of the bucket."""
    more = []
    for statement in policy["Statement"]:
        if "s3:ListBucket" in statement["Action"]:
            more.append({**statement, "Action": ["s3:HeadBucket"]})
        if "s3:DeleteObject" in statement["Action"] and statement["Effect"] == "Allow":
            buckets = [resource.partition("/")[0] for resource in statement["Resource"]]
            more.append({**statement, "Action": ["s3:DeleteObject"], "Resource": buckets})
    return {**policy, "Statement": [*policy["Statement"], *more]}


def is_allowed(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDenied":
            return False
        raise
    return True


@pytest.fixture(scope="module")
def account(credentials: None) -> Iterator[Account]:  # noqa: ARG001 - clients need them
    with tempfile.TemporaryDirectory() as folder, S3Server(Path(folder)) as running:
        yield Account(running)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_in_its_region_what_it_is_for_and_nothing_else_or_elsewhere(
    account: Account, role: str
) -> None:
    tried = attempts(account.location(role).client(), account.version)
    assert {name for name, attempt in tried.items() if is_allowed(attempt)} == MAY[role]


def test_their_rights_are_enough_to_make_tables_fill_read_expire_and_sweep_them(
    account: Account,
) -> None:
    assert S3Bucket(account.location("operator"), ["telemetry"]).create(versioned=True) == []
    account.table("operator", MAP_TILES).create()
    check_conditional_puts(S3Store(account.location("worker")), "_checks/a")
    S3Bucket(account.location("worker"), []).check_location()
    writer = Writer(account.table("worker", MAP_TILES))
    writer.commit(writer.put(NOW + timedelta(days=1)), writer.put(NOW - timedelta(hours=1)))
    assert account.table("map-analyst", MAP_TILES).dataset().count_rows() == 6
    upkeep = account.table("upkeep", MAP_TILES)
    assert expire.expire(upkeep, NOW).dropped == 1
    sweep.sweep(upkeep, age=timedelta(days=1), now=sweep.clock_of(upkeep.store))
    assert account.table("auditor", MAP_TILES).dataset().count_rows() == 3


def test_their_rights_are_enough_to_hold_rows_copy_them_and_prove_the_copies(
    account: Account,
) -> None:
    def bucket(role: str) -> Bucket:
        where = S3Location(ASIDE[Purpose.HELD], EU.location, account.url, account.keys[role])
        return Bucket.build(S3Store(where))

    bucket("officer").hold(tables=(CLEANING_HISTORY,))
    account.table("operator", CLEANING_HISTORY).create()
    writer = Writer(account.table("worker", CLEANING_HISTORY))
    writer.commit(writer.put(NOW, device=[HELD] * 3))
    put_sign(account.table("officer", CLEANING_HISTORY).store, "H-1")
    upkeep = account.table("upkeep", CLEANING_HISTORY)
    keep = keep_of(upkeep.region, upkeep.store, bucket("upkeep").keeper)
    assert expire.expire(upkeep, NOW, keep).held == 3
    assert bucket("auditor").offsets() == [0, 1, 2]
    drop_sign(account.table("officer", CLEANING_HISTORY).store, "H-1")
    drop_copies(bucket("officer").store, "H-1")
    assert bucket("auditor").offsets() == []


def looked(account: Account, shared: Path, **users: str) -> Look:
    """What verify says of S3's refusals, asked by an auditor."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
        return in_s3(try_all(account.scene(shared, **users), ()))


def test_verify_tries_as_each_role_and_finds_that_all_are_refused_what_they_are_not_for(
    account: Account, tmp_path: Path
) -> None:
    ask = account.location("auditor").client().list_object_versions
    before = ask(Bucket=EU.bucket)
    found = looked(account, tmp_path / "profiles", **{role: role for role in ROLES})
    assert (found.findings, found.unknown) == ((), ())
    assert found.looked_at > 90 * len(ROLES)
    assert len(found.notes[0].split(", ")) == len(ROLES)  # those of the US
    after = ask(Bucket=EU.bucket)
    for kind in ("Versions", "DeleteMarkers"):
        assert after.get(kind) == before.get(kind)


@pytest.mark.parametrize(
    ("who", "place", "action"),
    [
        ("analyst who sees maps", "map_tiles", "GetObject"),
        ("analyst of old versions", "telemetry", "GetObjectVersion"),
        ("analyst who writes", "telemetry", "PutObject"),
        ("worker who deletes", "telemetry", "DeleteObjectVersion"),
        ("analyst of watch entries", "_watch", "GetObject"),
        ("custodian who reads rows", "_links", "GetObject"),
    ],
)
def test_a_violation_of_least_privilege_in_s3_is_found_by_trying_as_the_role(
    account: Account, tmp_path: Path, who: str, place: str, action: str
) -> None:
    role, _ = GREEDY[who]
    found = looked(account, tmp_path / "profiles", **{role: who})
    finding = Finding(f"{role} of eu on {EU.bucket}/{place}", f"it may {action}")
    assert finding in found.findings
    assert {one.what for one in found.findings} == {f"it may {action}"}


def test_a_profile_of_somebody_who_may_nothing_or_whom_nobody_knows_proves_no_refusal(
    account: Account, tmp_path: Path
) -> None:
    account.keys["stranger"] = Credentials("AKIAUNKNOWN", "x" * 40)
    powerless = looked(account, tmp_path / "powerless", analyst="fleet")
    unknown = looked(account, tmp_path / "unknown", analyst="stranger")
    assert "which it is for, so refusals prove little" in powerless.unknown[0]
    assert unknown.unknown
    assert not unknown.looked_at


def test_an_auditor_sees_how_a_bucket_is_set_up_and_an_analyst_does_not(account: Account) -> None:
    place = account.location("auditor")
    found = examine(place, [ROWS])
    assert found is not None
    seen: list[object] = [found.location, found.encryption, found.open_ways, found.grants]
    seen += [found.versioning, found.lifecycle, *found.targets.values(), *found.objects.values()]
    assert not [one for one in seen if isinstance(one, Unseen)]
    listed = buckets(place)
    assert not isinstance(listed, Unseen)
    assert {EU.bucket, US.bucket} <= set(listed)
    refused = examine(account.location("analyst"))
    assert refused is not None
    hidden: list[object] = [
        refused.encryption,
        refused.open_ways,
        refused.grants,
        refused.lifecycle,
    ]
    hidden += [*refused.targets.values()]
    assert Unseen(DENIED) in hidden  # moto asks IAM for some of them only
    assert buckets(account.location("analyst")) == Unseen(DENIED)
