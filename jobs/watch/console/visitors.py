"""Who may see the console: a browser that gave the token once keeps a cookie in its place."""

import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from storage.door import Door

_COOKIE = "fortnight-console"


class ConsoleDoor(Door):
    """A door that also admits whoever has the cookie."""

    def __init__(self, host: str, token: str, name: str) -> None:
        """As any door; of a token there is a cookie."""
        super().__init__(host, token, name)
        self._pass = hmac.digest(token.encode(), b"console", "sha256").hex()

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether a request may be answered: as elsewhere, or it has the cookie."""
        given = _cookie(headers.get("Cookie", ""))
        return super().admits(headers) or hmac.compare_digest(given.encode(), self._pass.encode())

    @property
    def cookie(self) -> str:
        """What a browser keeps in place of the token, which it cannot be told from."""
        return f"{_COOKIE}={self._pass}; HttpOnly; SameSite=Strict; Path=/"


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(_COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
