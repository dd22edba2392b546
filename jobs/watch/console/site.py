"""What is answered to a request, without the network: decided here, carried by `server.py`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs

from jobs.watch.console import pages
from jobs.watch.console.visitors import ConsoleDoor
from jobs.watch.history import History

_HTML = "text/html; charset=utf-8"
_PLAIN = "text/plain"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        headers: Besides those that every answer has.
    """

    status: int
    kind: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """The console's pages; nothing in it can be changed by who visits."""

    history: History
    clock: Callable[[], datetime]
    door: ConsoleDoor

    def get(self, path: str, headers: Mapping[str, str]) -> Reply:
        """The answer to GET and HEAD.

        Args:
            path: With or without a query, which means nothing.
            headers: Of the request.
        """
        path = path.partition("?")[0]
        if not self.door.knows(headers.get("Host", "")):
            return Reply(421, _PLAIN, b"this console is for its own machine only\n")
        if path in pages.ASSETS:
            return Reply(200, pages.ASSETS[path], pages.asset(path))
        if not self.door.admits(headers):
            return _page(pages.door(wrong=False), 401)
        page = self._found(path)
        return _page(page) if page is not None else _page(pages.runbooks(), 404)

    def enter(self, form: bytes) -> Reply:
        """The answer to the form with the token."""
        given = parse_qs(form.decode("latin-1")).get("token", [""])[0]
        if not self.door.opens_to(given):
            return _page(pages.door(wrong=True), 401)
        return Reply(303, _PLAIN, b"", {"Location": "/", "Set-Cookie": self.door.cookie})

    def _found(self, path: str) -> str | None:
        if path == "/":
            return pages.console(self.history.states, self.clock())
        if path == "/runbooks":
            return pages.runbooks()
        return pages.one_runbook(path.removeprefix("/runbooks/").removesuffix(".md"))


def _page(page: str, status: int = 200) -> Reply:
    return Reply(status, _HTML, page.encode())
