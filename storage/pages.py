"""Plain text over HTTP: what Prometheus and supervisors ask of our processes."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

Page = Callable[[], tuple[int, str]]
"""An HTTP status, and plain text."""

Guard = Callable[[str, Mapping[str, str]], bool]
"""Whether a path may be read by who sends these headers, whose names are in title case."""


class Pages:
    """Serves pages, by default to nobody but this machine, from threads of its own.

    A path that is none of them is answered with 404 and the paths that are.

    Attributes:
        port: Where they are.
    """

    def __init__(
        self,
        pages: Mapping[str, Page],
        port: int,
        host: str = "127.0.0.1",
        *,
        guard: Guard = lambda _path, _headers: True,
    ) -> None:
        """Begin to serve.

        Args:
            pages: Path -> what is asked at each request.
            port: 0 takes a free one.
            host: The address that is listened on.
            guard: What it does not let through is answered with 401.
        """
        self._server = ThreadingHTTPServer((host, port), _handler(pages, guard))
        self.port = int(self._server.server_address[1])
        Thread(target=self._server.serve_forever, name="pages", daemon=True).start()

    def close(self) -> None:
        """Serve no longer."""
        self._server.shutdown()
        self._server.server_close()


def _handler(pages: Mapping[str, Page], guard: Guard) -> type[BaseHTTPRequestHandler]:
    def found(path: str, headers: Mapping[str, str]) -> tuple[int, str]:
        if not guard(path, headers):
            return 401, "this needs a token: Authorization: Bearer ...\n"
        page = pages.get(path)
        return page() if page else (404, f"here are: {' '.join(sorted(pages))}\n")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.title(): value for name, value in self.headers.items()}
            status, text = found(self.path, headers)
            body = text.encode()
            self.send_response(status)
            if status == HTTPStatus.UNAUTHORIZED:
                self.send_header("WWW-Authenticate", "Bearer")
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: a scrape is no news."""

    return Handler
