"""The settings as a command meets them: the environment, and the file that it names."""

import os
from collections.abc import Mapping
from pathlib import Path

from schemas.errors import SettingsError
from schemas.settings import PREFIX, Settings


def environment() -> Mapping[str, str]:
    """The process's environment variables."""
    return os.environ  # noqa: TID251 - here jobs read the environment, and nowhere else


def settings() -> Settings:
    """What the operator set: `FORTNIGHT_...` variables over the file of FORTNIGHT_SETTINGS.

    Raises:
        SettingsError: A setting is wrong, or the file cannot be read.
    """
    variables = environment()
    try:
        file = Path(path).read_bytes() if (path := variables.get(PREFIX + "SETTINGS")) else b""
    except OSError as error:
        raise SettingsError(f"{PREFIX}SETTINGS: {path}: {error.strerror}") from error
    return Settings.load(variables, file)
