import os
import pwd
from collections.abc import Iterator
from uuid import uuid4

import boto3
import pytest

from jobs.demo.object_store import S3Server
from jobs.demo.processes import free_port
from schemas.errors import PolicyError, StoreUnavailableError
from schemas.settings import Settings
from storage.caller import caller


@pytest.fixture
def alice(s3: S3Server) -> Iterator[dict[str, str]]:
    """AWS's variables of an officer whom STS knows."""
    iam = boto3.client("iam", region_name="us-east-1", endpoint_url=s3.url)
    name = f"alice-{uuid4().hex}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    variables = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_ENDPOINT_URL_STS": s3.url,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables


def test_with_credentials_of_aws_it_is_who_aws_says(alice: dict[str, str]) -> None:
    found = caller(Settings(), alice)
    assert str(found).startswith("aws:arn:aws:iam::123456789012:user/alice-")


def test_keys_of_an_s3_that_is_not_awss_say_nothing_of_a_person(s3: S3Server) -> None:
    found = caller(Settings(s3_endpoint=s3.url), {"USER": "mallory", "LOGNAME": "mallory"})
    assert found.kind == "os"
    assert found.name.partition("@")[0] == pwd.getpwuid(os.getuid()).pw_name


def test_whoever_says_to_be_somebody_else_is_refused(alice: dict[str, str]) -> None:
    found = caller(Settings(), alice)
    assert caller(Settings(), alice, claimed=found.name) == found
    assert caller(Settings(), alice, claimed=str(found)) == found
    with pytest.raises(PolicyError, match="not who is calling") as caught:
        caller(Settings(), alice, claimed="arn:aws:iam::123456789012:user/bob")
    assert "bob" not in str(caught.value)


def test_where_aws_does_not_answer_there_is_no_second_way(alice: dict[str, str]) -> None:
    away = alice | {"AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{free_port()}"}
    with pytest.raises(StoreUnavailableError, match="STS"):
        caller(Settings(), away)
