import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    FlexibleChecksumError,
    NoCredentialsError,
    ReadTimeoutError,
)

from schemas.errors import (
    AccessDeniedError,
    ConflictError,
    IntegrityError,
    SettingsError,
    StoreThrottledError,
    StoreUnavailableError,
)
from storage.s3.errors import translated


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("NoSuchKey", 404, KeyError),
        ("404", 404, KeyError),
        ("InvalidRange", 416, ValueError),
        ("PreconditionFailed", 412, ConflictError),
        ("ConditionalRequestConflict", 409, ConflictError),
        ("SlowDown", 503, StoreThrottledError),
        ("InternalError", 500, StoreUnavailableError),
        ("ServiceUnavailable", 503, StoreUnavailableError),
        ("RequestTimeout", 400, StoreUnavailableError),
        ("OperationAborted", 409, StoreUnavailableError),
        ("NoSuchBucket", 404, SettingsError),
        ("AccessDenied", 403, AccessDeniedError),
        ("InvalidAccessKeyId", 403, SettingsError),
        ("BucketAlreadyExists", 409, SettingsError),
    ],
)
def test_an_answer_becomes_an_error_by_who_has_to_act(
    code: str, status: int, expected: type[Exception]
) -> None:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(expected, match="s3://b/k") as raised, translated("s3://b/k"):
        raise ClientError(answer, "PutObject")  # type: ignore[arg-type]
    assert raised.type is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (EndpointConnectionError(endpoint_url="u"), StoreUnavailableError),
        (ConnectTimeoutError(endpoint_url="u"), StoreUnavailableError),
        (ReadTimeoutError(endpoint_url="u"), StoreUnavailableError),
        (FlexibleChecksumError(error_msg="m"), IntegrityError),
        (NoCredentialsError(), SettingsError),
    ],
)
def test_no_answer_becomes_an_error_by_who_has_to_act(
    error: Exception, expected: type[Exception]
) -> None:
    with pytest.raises(expected, match="s3://b/k"), translated("s3://b/k"):
        raise error
