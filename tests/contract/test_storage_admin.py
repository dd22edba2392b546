from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import boto3
import pytest

from jobs import storage_admin
from jobs.buckets import WantedBucket
from jobs.cli import main
from jobs.demo.object_store import S3Server
from schemas.errors import PolicyError
from schemas.regions import Region, Residency
from schemas.settings import RegionSettings, Settings
from storage.places import open_lake, open_stores
from storage.s3 import S3Bucket, S3Location
from storage.s3.bucket import BucketState
from streams.assembly import check_storage

RESIDENCY = Residency.shipped()


@pytest.fixture
def chosen(s3: S3Server) -> Settings:
    name = uuid4().hex[:8]
    regions = (
        RegionSettings(Region("eu"), f"eu-{name}", "eu-central-1"),
        RegionSettings(Region("us"), f"us-{name}", "us-east-1"),
    )
    return Settings(regions=regions, s3_endpoint=s3.url)


def initialise(chosen: Settings) -> list[storage_admin.Made]:
    return list(storage_admin.carry_out(storage_admin.plan(chosen, RESIDENCY), chosen))


def inspect(chosen: Settings) -> list[str]:
    return [str(b) for b in storage_admin.inspect(storage_admin.plan(chosen, RESIDENCY), chosen)]


def test_what_was_made_is_as_it_has_to_be_and_making_it_again_changes_nothing(
    chosen: Settings,
) -> None:
    assert [made.created for made in initialise(chosen)] == [True, True]
    assert [made.created for made in initialise(chosen)] == [False, False]
    assert inspect(chosen) == []
    lake = open_lake(open_stores(chosen), chosen)
    assert {region for table, region in lake if table == "dead_letters"} == {"eu"}
    assert all(destination.version() == 0 for destination in lake.values())


def test_buckets_are_in_their_location(chosen: Settings, s3: S3Server) -> None:
    initialise(chosen)
    client = boto3.client("s3", endpoint_url=s3.url, region_name="us-east-1")
    found = [
        client.get_bucket_location(Bucket=place.bucket)["LocationConstraint"]
        for place in chosen.regions
    ]
    assert found == ["eu-central-1", None]


def test_a_bucket_that_is_elsewhere_stops_everything(chosen: Settings, s3: S3Server) -> None:
    eu = chosen.regions[0]
    boto3.client("s3", endpoint_url=s3.url, region_name="us-east-1").create_bucket(Bucket=eu.bucket)
    said = f"bucket {eu.bucket} is in us-east-1, and must be in eu-central-1"
    for do in (initialise, inspect):
        with pytest.raises(PolicyError, match=said):
            do(chosen)


def test_settings_that_put_a_region_elsewhere_are_refused(chosen: Settings) -> None:
    eu, us = chosen.regions
    moved = replace(chosen, regions=(replace(eu, location="us-east-1"), us))
    for refuse in (check_storage, initialise):
        with pytest.raises(PolicyError, match=r"FORTNIGHT_REGIONS, .* eu-central-1"):
            refuse(moved)


def test_what_is_missing_is_said(chosen: Settings) -> None:
    missing = inspect(chosen)
    assert len(missing) == 2
    assert all("the bucket is missing" in breach for breach in missing)
    initialise(chosen)
    store = open_stores(chosen)[Region("us")]
    store.delete([info.key for info in store.list("telemetry/")])
    (breach,) = inspect(chosen)
    assert breach.startswith("table telemetry in us: the table is missing")


@pytest.mark.parametrize(
    ("undo", "said"),
    [
        ("delete_public_access_block", "public access blocked is off, allowed is on"),
        ("delete_bucket_encryption", "encryption by default is off, allowed is on"),
        ("delete_bucket_lifecycle", "removes a file is none, allowed is 15"),
    ],
)
def test_what_an_operator_undid_is_said_and_made_good(
    chosen: Settings, s3: S3Server, undo: str, said: str
) -> None:
    initialise(chosen)
    client = boto3.client("s3", endpoint_url=s3.url, region_name="eu-central-1")
    getattr(client, undo)(Bucket=chosen.regions[0].bucket)
    (breach,) = inspect(chosen)
    assert said in breach
    initialise(chosen)
    assert inspect(chosen) == []


def test_the_backstop_never_takes_a_log(bucket_at: Callable[..., S3Location]) -> None:
    where = bucket_at()
    S3Bucket(where, ["telemetry"]).create()
    rules = where.client().get_bucket_lifecycle_configuration(Bucket=where.bucket)["Rules"]
    expiring = [rule["Filter"]["Prefix"] for rule in rules if "Expiration" in rule]
    assert expiring == ["telemetry/date="]


def test_old_versions_are_kept_where_that_is_wanted_and_all_go_at_once(
    chosen: Settings,
) -> None:
    wanted = storage_admin.plan(chosen, RESIDENCY)
    list(storage_admin.carry_out(wanted, chosen, versioned=True))
    assert S3Bucket(wanted[0].where, []).state().versioned
    store = open_stores(chosen)[Region("eu")]
    for data in (b"1", b"2"):
        store.put("a/b", data)
        store.put("a/c", data)
    store.delete(["a/b"])
    assert len([info for info in store.list_versions("a/") if info.key == "a/b"]) == 3
    store.delete(["a/b"], every_version=True)
    assert {info.key for info in store.list_versions("a/")} == {"a/c"}


def test_what_a_server_cannot_say_is_no_breach_but_told() -> None:
    bucket = WantedBucket(Region("eu"), S3Location("b", "eu-central-1"), ("t",))
    state = BucketState(
        location="eu-central-1", encrypted=None, closed=True, versioned=None, backstop_days=None
    )
    found = storage_admin.breaches(bucket, state)
    assert [breach.certain for breach in found] == [False, False]
    assert all("cannot be checked" in str(breach) for breach in found)


def test_the_command_line_makes_and_checks(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    regions = ",".join(f"{p.region}={p.bucket}@{p.location}" for p in chosen.regions)
    monkeypatch.setenv("FORTNIGHT_REGIONS", regions)
    monkeypatch.setenv("FORTNIGHT_S3_ENDPOINT", chosen.s3_endpoint)
    for command, status, said in (
        ("check", 1, "the bucket is missing"),
        ("init", 0, "created; telemetry, map_tiles, cleaning_history, dead_letters"),
        ("check", 0, "2 buckets are as they have to be"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["storage", command])
        assert ended.value.code == status
        assert said in capsys.readouterr().out


def test_rows_that_are_put_aside_or_held_have_buckets_that_never_remove_them(
    chosen: Settings,
) -> None:
    eu = chosen.regions[0]
    aside = (replace(eu, bucket=f"{eu.bucket}-aside"),)
    held = (replace(eu, bucket=f"{eu.bucket}-held"),)
    whole = replace(chosen, restricted=aside, holds=held)
    assert all(made.created for made in initialise(whole))
    assert inspect(whole) == []
    days = [S3Bucket(bucket.where, ()).state() for bucket in storage_admin.plan(whole, RESIDENCY)]
    assert [bucket.backstop for bucket in storage_admin.plan(whole, RESIDENCY)][2:] == [0, 0]
    assert all(state.closed and state.encrypted for state in days)
