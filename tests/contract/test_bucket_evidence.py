"""What an auditor finds of a bucket, on a real server, and on one that says nothing but no."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

from jobs.demo.object_store import S3Server
from jobs.demo.processes import free_port
from storage.s3 import S3Bucket, S3Location
from storage.s3.evidence import (
    DENIED,
    NO_ANSWER,
    NO_SUCH_THING,
    Grant,
    LifecycleRule,
    Target,
    Unseen,
)
from storage.s3.examining import answers, buckets, examine

EU, US, OTHER = "eu-central-1", "us-east-1", "210987654321"
QUEUE = f"arn:aws:sqs:{EU}:{OTHER}:elsewhere"


@pytest.fixture
def place(s3: S3Server) -> S3Location:
    location = S3Location(f"eu-{uuid4().hex[:8]}", EU, s3.url)
    S3Bucket(location, ["telemetry"]).create()
    return location


def test_a_bucket_that_was_made_as_it_has_to_be_shows_so(place: S3Location) -> None:
    place.client().put_object(Bucket=place.bucket, Key="a", Body=b"")
    found = examine(place, ["a", "gone-meanwhile"])
    assert found is not None
    assert (found.location, found.encryption, found.versioning) == (EU, "AES256", "")
    assert (found.open_ways, found.grants) == ((), ())
    assert set(found.targets.values()) == {()}
    assert found.objects == {"a": "AES256"}
    assert found.lifecycle == (
        LifecycleRule(noncurrent_days=1, upload_days=1),
        LifecycleRule(prefix="telemetry/date=", days=15),
    )


def test_a_bucket_that_nothing_was_set_of_is_open_and_in_the_clear(s3: S3Server) -> None:
    location = S3Location(f"us-{uuid4().hex[:8]}", US, s3.url)
    location.client().create_bucket(Bucket=location.bucket)
    found = examine(location)
    assert found is not None
    assert (found.encryption, found.lifecycle) == ("", ())
    assert found.open_ways == (
        *("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
    )


def test_everybody_whom_a_policy_or_a_list_lets_in_is_told(place: S3Location) -> None:
    allow: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    condition = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}
    statements = [
        {**allow, "Principal": "*"},
        {**allow, "Principal": {"AWS": f"arn:aws:iam::{OTHER}:role/reader"}, **condition},
        {**allow, "Principal": {"Service": "logging.s3.amazonaws.com"}},
        {**allow, "Effect": "Deny", "Principal": "*"},
    ]
    client = place.client()
    client.delete_public_access_block(Bucket=place.bucket)
    policy = {"Version": "2012-10-17", "Statement": statements}
    client.put_bucket_policy(Bucket=place.bucket, Policy=json.dumps(policy))
    client.put_bucket_acl(Bucket=place.bucket, ACL="public-read")
    found = examine(place)
    assert found is not None
    assert found.grants == (
        Grant("everybody"),
        Grant("account", OTHER, conditional=True),
        Grant("service", "logging.s3.amazonaws.com"),
        Grant("everybody"),
    )


def test_wherever_something_goes_by_itself_is_told_with_its_place(
    place: S3Location, s3: S3Server
) -> None:
    away = S3Location(f"us-{uuid4().hex[:8]}", US, s3.url)
    S3Bucket(away, []).create(versioned=True)
    client, arn = place.client(), f"arn:aws:s3:::{away.bucket}"
    client.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Enabled"})
    client.put_bucket_replication(
        Bucket=place.bucket,
        ReplicationConfiguration={
            "Role": f"arn:aws:iam::{OTHER}:role/copies",
            "Rules": [
                {
                    "Status": "Enabled",
                    "Prefix": "",
                    "Destination": {"Bucket": arn, "Account": OTHER},
                }
            ],
        },
    )
    client.put_bucket_notification_configuration(
        Bucket=place.bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    client.put_bucket_inventory_configuration(
        Bucket=place.bucket,
        Id="all",
        InventoryConfiguration={
            "Destination": {"S3BucketDestination": {"Bucket": arn, "Format": "CSV"}},
            "IsEnabled": True,
            "Id": "all",
            "IncludedObjectVersions": "All",
            "Schedule": {"Frequency": "Daily"},
        },
    )
    found = examine(place)
    assert found is not None
    assert found.versioning == "Enabled"
    assert found.targets["replication"] == (Target("replication", away.bucket, US, OTHER),)
    assert found.targets["inventory"] == (Target("inventory", away.bucket, US),)
    assert found.targets["notification"] == (Target("notification", QUEUE, EU, OTHER),)


def test_a_rule_that_moves_what_is_old_names_the_class_that_it_moves_it_to(
    place: S3Location,
) -> None:
    moving: Any = {
        "ID": "cold",
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "map_tiles/", "Tags": [{"Key": "a", "Value": "b"}]}},
        "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}],
    }
    rules: Any = {"Rules": [moving, {**moving, "ID": "off", "Status": "Disabled"}]}
    place.client().put_bucket_lifecycle_configuration(
        Bucket=place.bucket, LifecycleConfiguration=rules
    )
    found = examine(place)
    assert found is not None
    assert found.lifecycle == (LifecycleRule("map_tiles/", narrowed=True, classes=("GLACIER",)),)


def test_every_bucket_that_can_be_listed_is_in_scope_and_one_that_is_not_there_is_none(
    place: S3Location,
) -> None:
    found = buckets(place)
    assert not isinstance(found, Unseen)
    assert place.bucket in found
    assert examine(replace(place, bucket="nowhere-at-all")) is None


def test_a_server_that_lets_anybody_in_is_found_out(place: S3Location) -> None:
    assert answers(place)
    assert answers(place, signed=False)
    assert answers(place, encrypted=False)
    assert answers(replace(place, bucket="nowhere-at-all")) is False


def test_who_gets_no_answer_is_not_refused(credentials: None) -> None:  # noqa: ARG001 - clients need them
    place = S3Location("eu-rows", EU, f"http://127.0.0.1:{free_port()}")
    assert answers(place, signed=False) == Unseen(NO_ANSWER)
    assert answers(place, encrypted=False) is False
    with saying(503, "ServiceUnavailable") as url:
        assert answers(replace(place, endpoint=url), encrypted=False) == Unseen(NO_ANSWER)


@pytest.mark.parametrize(
    ("status", "code", "why"),
    [(403, "AccessDenied", DENIED), (501, "NotImplemented", NO_SUCH_THING)],
)
def test_what_a_server_does_not_let_us_see_is_unseen_and_never_unset(
    credentials: None,  # noqa: ARG001 - clients need them
    status: int,
    code: str,
    why: str,
) -> None:
    with saying(status, code) as url:
        place = S3Location("eu-rows", EU, url)
        assert buckets(place) == Unseen(why)
        found = examine(place, ["a"])
        assert answers(place) is not True
    assert found is not None
    seen: list[object] = [
        found.location,
        found.encryption,
        found.open_ways,
        found.grants,
        found.versioning,
    ]
    seen += [found.lifecycle, *found.targets.values()]
    assert set(seen) == {Unseen(why)}


@contextmanager
def saying(status: int, code: str) -> Iterator[str]:
    """A server with one answer; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<Error><Code>{code}</Code></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if self.command == "GET" else b"")

        do_HEAD = do_GET  # noqa: N815 - http.server's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
