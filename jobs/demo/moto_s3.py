"""moto's S3 server, whose conditional puts look and write as one step.

moto alone answers in threads that may all look before one of them writes: on a busy machine two
writers of a table's log would both be told that they were first. It would also look through its
own folders at every request, with the others waiting, and write each into its log: as it is here,
a request costs it half.
"""

import io
import sys
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import run_simple

_CONDITIONS = {"HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH"}

Environ = dict[str, Any]
"""A request, as WSGI has it (PEP 3333)."""


class Dispatcher(DomainDispatcherApplication):
    """Remembers which service answers for a host, which moto finds out each time anew."""

    def __init__(self) -> None:
        """Know none yet."""
        super().__init__(create_backend_app)
        self._known: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:  # noqa: ANN401 - moto's
        """The service's name, if there is one."""
        if host not in self._known:
            self._known[host] = super().get_backend_for_host(host)
        return self._known[host]


class QuietHandler(MotoRequestHandler):
    """Tells of requests that it failed on, and of no others."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Tell of one that was answered."""
        if not str(code).isdigit() or int(code) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            super().log_request(code, size)


class OneByOne:
    """Lets conditional puts into an application one by one, each when all of it has come."""

    def __init__(self, application: Callable[[Environ, Any], Iterable[bytes]]) -> None:
        """Stand before an application that has answered when it returns."""
        self._application = application
        self._turn = threading.Lock()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's
        """Answer a request."""
        if environ["REQUEST_METHOD"] != "PUT" or not _CONDITIONS & environ.keys():
            return self._application(environ, start_response)
        if length := environ.get("CONTENT_LENGTH"):
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(length)))
        with self._turn:
            return self._application(environ, start_response)


def main(port: int, *identity: str) -> None:
    """Serve on a port of 127.0.0.1 for ever; HTTPS with a certificate's and a key's file."""
    run_simple(
        "127.0.0.1",
        port,
        OneByOne(Dispatcher()),
        threaded=True,
        ssl_context=identity or None,  # type: ignore[arg-type]
        request_handler=QuietHandler,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
