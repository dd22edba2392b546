"""Who is calling: as AWS says it, else as this machine's operating system does."""

import os
import platform
import pwd
from collections.abc import Mapping

from schemas.acts import Caller
from schemas.errors import PolicyError
from schemas.settings import Settings
from storage.s3.identity import caller_arn

_OWN_STS = ("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL")
"""Variables of AWS's chain that name another STS than AWS's."""


def caller(settings: Settings, environment: Mapping[str, str], *, claimed: str = "") -> Caller:
    """Who calls, authenticated.

    With credentials of AWS it is who AWS says (GetCallerIdentity), and nobody else: where AWS does
    not answer there is no second way. Keys of an S3 that is not AWS's say nothing of a person, so
    there, and where there are none, it is the user that this process runs as.

    Args:
        claimed: Who the caller says to be; empty where he does not say.

    Raises:
        PolicyError: The caller is somebody else than claimed.
        SettingsError: AWS does not know the credentials.
        RetryableError: AWS does not answer.
    """
    found = _by_aws(settings, environment) or _by_system()
    if claimed not in ("", found.name, str(found)):
        raise PolicyError("--by: that is not who is calling")
    return found


def _by_aws(settings: Settings, environment: Mapping[str, str]) -> Caller | None:
    own = next((environment[name] for name in _OWN_STS if environment.get(name)), "")
    if settings.s3_endpoint and not own:
        return None
    arn = caller_arn(own)
    return Caller("aws", arn) if arn else None


def _by_system() -> Caller:
    user = os.getuid()  # not what a variable says: anybody can set one
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:  # a container's
        name = f"user-{user}"
    return Caller("os", f"{name}@{platform.node()}")
