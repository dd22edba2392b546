"""Who may see what watch tells: whoever sits at this machine, or has the token."""

import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address

from schemas.errors import SettingsError

_COOKIE = "fortnight-console"
_LEAST = 16
_HERE = ("localhost", "127.0.0.1", "[::1]")


class Door:
    """Decides on every request; compares in constant time.

    Without a token only requests to a name of this machine itself are let in, so that no page of
    another origin can read anything by giving its own name this machine's address.
    """

    def __init__(self, host: str, token: str) -> None:
        """Know the token.

        Args:
            host: The address that is listened on.
            token: What visitors must bring; empty: nothing, which is for this machine only.

        Raises:
            SettingsError: Others could reach the address, and there is no token, or a short one.
        """
        if token and len(token) < _LEAST:
            raise SettingsError(f"watch's token is shorter than {_LEAST} characters")
        if not (token or _is_this_machine(host)):
            raise SettingsError(
                f"what watch tells at {host} can be read from elsewhere: that needs a token"
            )
        self._token = token.encode()
        self._pass = hmac.digest(self._token, b"console", "sha256").hex() if token else ""

    def knows(self, host: str) -> bool:
        """Whether a request for this name (its `Host` header) is meant for us."""
        return bool(self._token) or _without_port(host).lower() in _HERE

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether a request may be answered: it has the cookie, or `Authorization: Bearer`."""
        if not self._token:
            return True
        given = headers.get("Authorization", "").removeprefix("Bearer ")
        return self.opens_to(given) or _same(_cookie(headers.get("Cookie", "")), self._pass)

    def opens_to(self, token: str) -> bool:
        """Whether this is the token."""
        return bool(self._token) and hmac.compare_digest(token.encode(), self._token)

    @property
    def cookie(self) -> str:
        """What a browser keeps in place of the token, which it cannot be told from."""
        return f"{_COOKIE}={self._pass}; HttpOnly; SameSite=Strict; Path=/"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(_COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if port.isdigit() else host


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
