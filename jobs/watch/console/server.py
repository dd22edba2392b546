"""Serves the console over HTTP: GET and HEAD, and one form where the token is given."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

from jobs.watch.console.site import Reply, Site
from jobs.watch.console.visitors import ConsoleDoor
from jobs.watch.history import History
from schemas.errors import SettingsError

_FORM_BYTES = 4096
_POLL_SECONDS = 0.05  # how soon it notices that it was closed
_SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""A page runs nothing but our script, asks nobody but us, and is kept by nobody."""


class Console:
    """The console of a history; read-only. Serves until it is closed."""

    def __init__(
        self,
        history: History,
        clock: Callable[[], datetime],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str = "",
    ) -> None:
        """Begin to serve.

        Args:
            history: What is shown; somebody else appends to it.
            clock: Says what time it is, UTC.
            host: The address that is listened on.
            port: Its port; 0 takes a free one.
            token: What visitors must give; may be empty only where the address is this machine's.

        Raises:
            SettingsError: The address needs a token, or cannot be listened on.
        """
        door = ConsoleDoor(host, token, "--token")
        handler = partial(_Handler, Site(history, clock, door))
        try:
            self._server = ThreadingHTTPServer((host, port), handler)
        except OSError as error:
            raise SettingsError(
                f"the console cannot listen on {host}:{port}: {error.strerror}"
            ) from error
        self.url = f"http://{host}:{self._server.server_address[1]}/"
        Thread(
            target=self._server.serve_forever, args=[_POLL_SECONDS], name="console", daemon=True
        ).start()

    def __enter__(self) -> Self:
        """Itself: closed on the way out."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Serve no longer."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One request; quiet, for a visit is no news."""

    timeout = 30
    server_version, sys_version = "fortnight", ""

    def __init__(self, site: Site, *connection: Any) -> None:  # noqa: ANN401 - the server's own
        self._site = site
        super().__init__(*connection)

    def do_GET(self) -> None:
        headers = {name.title(): value for name, value in self.headers.items()}
        self._answer(self._site.get(self.path, headers))

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != "/enter" or not length.isdigit() or int(length) > _FORM_BYTES:
            self._answer(Reply(405, "text/plain", b"there is nothing to change here\n"))
        else:
            self._answer(self._site.enter(self.rfile.read(int(length))))

    def log_message(self, *_arguments: object) -> None:
        pass

    def _answer(self, reply: Reply) -> None:
        self.send_response(reply.status)
        sized = {"Content-Type": reply.kind, "Content-Length": str(len(reply.body))}
        for name, value in {**sized, **_SAFE, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
