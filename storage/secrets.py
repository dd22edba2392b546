"""From a reference to the secret that it names: settings hold references, never secrets."""

from collections.abc import Mapping
from pathlib import Path

from schemas.errors import SettingsError


def resolve(reference: str, environment: Mapping[str, str]) -> str:
    """The secret that a reference names; never part of an error.

    Args:
        reference: `env:NAME`, a variable, or `file:PATH`, a file without its last line end.
        environment: The process's variables.

    Raises:
        SettingsError: It names nothing, or an empty secret.
    """
    kind, _, name = reference.partition(":")
    match kind:
        case "env":
            secret = environment.get(name, "")
        case "file":
            secret = _read(Path(name))
        case _:  # what stands there may be the secret itself
            raise SettingsError("a secret is referred to as env:NAME or file:PATH")
    if not secret:
        raise SettingsError(f"{reference}: no secret is there")
    return secret


def _read(path: Path) -> str:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"file:{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"file:{path}: not text") from None
    return text.removesuffix("\n").removesuffix("\r")
