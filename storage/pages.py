"""Plain text over HTTP: what Prometheus and supervisors ask of our processes."""

from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

Page = Callable[[], tuple[int, str]]
"""An HTTP status, and plain text."""


class Pages:
    """Serves pages, by default to nobody but this machine, from threads of its own.

    A path that is none of them is answered with 404 and the paths that are.

    Attributes:
        port: Where they are.
    """

    def __init__(self, pages: Mapping[str, Page], port: int, host: str = "127.0.0.1") -> None:
        """Begin to serve.

        Args:
            pages: Path -> what is asked at each request.
            port: 0 takes a free one.
            host: The address that is listened on.
        """
        self._server = ThreadingHTTPServer((host, port), _handler(pages))
        self.port = int(self._server.server_address[1])
        Thread(target=self._server.serve_forever, name="pages", daemon=True).start()

    def close(self) -> None:
        """Serve no longer."""
        self._server.shutdown()
        self._server.server_close()


def _handler(pages: Mapping[str, Page]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path)
            status, text = page() if page else (404, f"here are: {' '.join(sorted(pages))}\n")
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: a scrape is no news."""

    return Handler
