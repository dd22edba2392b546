"""The door where boto's errors become ours, by who has to act."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    ParamValidationError,
    ResponseStreamingError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from schemas.errors import (
    AccessDeniedError,
    ConflictError,
    FortnightError,
    IntegrityError,
    SettingsError,
    StoreThrottledError,
    StoreUnavailableError,
)

_NO_ANSWER = (
    BotoConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)
"""Refused, reset, timed out, cut."""

_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
"""OpenSSL's word, in boto's message only; what else goes wrong with TLS, time may heal."""

_ABSENT = {"NoSuchKey", "404", "NotFound"}
_LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict", "412"}
_THROTTLED = {
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "429",
}
"""What S3 and its like answer when they ask to slow down (S3 API, error responses)."""

_PASSING = {"RequestTimeout", "OperationAborted", "InternalError", "RequestTimeTooSkewed"}
_NOT_NOW = 409
_SERVER_ERROR = 500
_DENIED = "AccessDenied"
"""To a key that S3 knows: of another it says something else."""
_OCCUPIED = "BucketAlreadyExists"


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Raise our errors for boto's.

    Args:
        place: What was asked for, as errors name it: a bucket, or an object in one.

    Raises:
        KeyError: There is no such object.
        ValueError: There are no such bytes in the object.
        ConflictError: A conditional put met an object.
    """
    try:
        yield
    except _NO_ANSWER as error:
        raise _unanswered(error, place) from error
    except FlexibleChecksumError as error:
        raise IntegrityError(place) from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _ABSENT:
            raise KeyError(place) from error
        if code == "InvalidRange":
            raise ValueError(f"no such bytes: {place}") from error
        raise from_code(code, status, place) from error
    except ParamValidationError as error:
        raise SettingsError(f"not accepted: {place}") from error
    except BotoCoreError as error:  # no credentials, no region, no such profile
        raise SettingsError(f"{type(error).__name__}: {place}") from error


def _unanswered(error: BotoCoreError, place: str) -> FortnightError:
    if _UNTRUSTED in str(error):
        return SettingsError(f"the server's certificate is not trusted, AWS_CA_BUNDLE: {place}")
    return StoreUnavailableError(f"S3 does not answer: {place}")


def from_code(code: str, status: int, place: str) -> FortnightError:
    """Our error for an answer of S3."""
    if code in _LOST_RACE:
        return ConflictError(place)
    if code in _THROTTLED:
        return StoreThrottledError(f"S3 asks to slow down: {place}")
    if code in _PASSING or status >= _SERVER_ERROR or (status == _NOT_NOW and code != _OCCUPIED):
        return StoreUnavailableError(f"S3 cannot answer now ({code}): {place}")
    if code == _DENIED:
        return AccessDeniedError(f"{code}: {place}")
    return SettingsError(f"{code}: {place}")  # no bucket, a key that nobody knows
