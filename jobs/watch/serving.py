"""Watch over HTTP: its metrics for Prometheus, and whether it still looks around."""

from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from jobs.watch.exposition import exposition
from jobs.watch.history import History

Page = Callable[[], tuple[int, str]]
"""An HTTP status, and plain text."""


class Serving:
    """Serves `/metrics`, by default to nobody but this machine; there is nothing secret in them.

    Also `/readyz`: 200 once watch has looked around; 503 before.

    Args:
        history: Its latest state is served.
        port: 0 takes a free one.
        host: The address that is listened on.
    """

    def __init__(self, history: History, port: int, host: str = "127.0.0.1") -> None:
        self._history = history
        pages = {"/metrics": self._metrics, "/readyz": self._ready}
        self._server = ThreadingHTTPServer((host, port), _handler(pages))
        self.port = int(self._server.server_address[1])
        Thread(target=self._server.serve_forever, name="serving", daemon=True).start()

    def close(self) -> None:
        """Serve no longer."""
        self._server.shutdown()
        self._server.server_close()

    def _metrics(self) -> tuple[int, str]:
        return 200, exposition(self._history.latest)

    def _ready(self) -> tuple[int, str]:
        return (200, "ready\n") if self._history.latest else (503, "has not looked yet\n")


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
