"""Who may read what our processes tell over HTTP: this machine, or whoever brings the token."""

import hmac
from collections.abc import Mapping
from ipaddress import ip_address

from schemas.errors import SettingsError
from storage.pages import Guard
from storage.secrets import resolve

_LEAST = 16
_HERE = ("localhost", "127.0.0.1", "[::1]")


def bearer_token(reference: str, environment: Mapping[str, str]) -> str:
    """The token that a reference names; empty where there is no reference.

    Args:
        reference: `env:NAME`, `file:PATH`, or empty.
        environment: The process's variables.

    Raises:
        SettingsError: It names nothing, or nothing that is a token.
    """
    return _checked(resolve(reference, environment), reference) if reference else ""


class Door:
    """Decides on every request; compares in constant time.

    Without a token only requests to a name of this machine itself are known, so that no page of
    another origin can read anything by giving its own name this machine's address.
    """

    def __init__(self, host: str, token: str, name: str) -> None:
        """Know the token.

        Args:
            host: The address that is listened on.
            token: What visitors must bring; empty: nothing, which is for this machine only.
            name: What an operator gives the token by, for people: an option, or a setting.

        Raises:
            SettingsError: Others could reach the address, and there is no token, or a poor one.
        """
        if not (token or _is_this_machine(host)):
            raise SettingsError(
                f"{name}: what is told at {host} can be read from elsewhere: that needs a token"
            )
        self._token = _checked(token, name).encode() if token else b""

    def knows(self, host: str) -> bool:
        """Whether a request for this name (its `Host` header) is meant for us."""
        return bool(self._token) or _without_port(host).lower() in _HERE

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether a request may be answered: nothing is asked for, or it brings the token."""
        given = headers.get("Authorization", "").removeprefix("Bearer ")
        return not self._token or self.opens_to(given)

    def opens_to(self, token: str) -> bool:
        """Whether this is the token."""
        return bool(self._token) and hmac.compare_digest(token.encode(), self._token)

    def guard(self, path: str) -> Guard:
        """Lets everybody read every other path, and this one whom the door admits."""
        return lambda asked, headers: asked != path or self.admits(headers)


def _checked(token: str, name: str) -> str:
    """The token, if it can neither be guessed nor break a header."""
    if len(token) < _LEAST or not (token.isascii() and token.isprintable()):
        raise SettingsError(f"{name}: a token is a line of {_LEAST} characters or more, in ASCII")
    return token


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if port.isdigit() else host


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
