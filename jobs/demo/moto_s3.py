"""moto's S3 server, whose conditional puts look and write as one step, and which forgets.

moto alone answers in threads that may all look before one of them writes: on a busy machine two
writers of a table's log would both be told that they were first. It would also look through its
own folders at every request, with the others waiting, write each into its log, and end the
connection with each answer: as it is here, a request costs a fraction of that. And over TLS one
client that is suspended while it greets would let all others wait. And it would keep every object
that it ever had, and a copy of each whenever versions are listed: gigabytes within minutes.
"""

import io
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from moto.core.common_models import BaseModel
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.datastructures import Headers
from werkzeug.serving import run_simple
from werkzeug.test import run_wsgi_app

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


class Handler(MotoRequestHandler):
    """Lets a client ask again over the same connection; tells of requests that it failed on."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def run_wsgi(self) -> None:
        """Answer a request, all of which is read before: nothing is left on the connection."""
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        self.environ = environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(whole_body(environ))
        parts, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        self._answer(status, headers, b"".join(parts))

    def _answer(self, status: str, headers: Headers, body: bytes) -> None:
        code, _, words = status.partition(" ")
        self.send_response(int(code), words)
        for name, value in headers:
            self.send_header(name, value)
        if "Content-Length" not in headers and int(code) != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Tell of one that was answered."""
        if not str(code).isdigit() or int(code) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            super().log_request(code, size)


def whole_body(environ: Environ) -> bytes:
    """All of a request's body.

    Raises:
        ConnectionAbortedError: Its sender is gone: a part of an object must not be put.
    """
    has_chunks = "wsgi.input_terminated" in environ  # then its end is in it
    length = -1 if has_chunks else int(environ.get("CONTENT_LENGTH") or 0)
    try:
        body: bytes = environ["wsgi.input"].read(length)
    except (OSError, ValueError) as error:
        raise ConnectionAbortedError from error
    if len(body) < length:
        raise ConnectionAbortedError
    return body


class Patient(ssl.SSLContext):
    """Greets each client in the thread that answers it, and not where all are let in."""

    def wrap_socket(self, sock: socket.socket, *given: Any, **named: Any) -> ssl.SSLSocket:  # noqa: ANN401 - handed on
        """Speak TLS from the first byte that is read."""
        return super().wrap_socket(sock, *given, **{**named, "do_handshake_on_connect": False})


class OneByOne:
    """Lets conditional puts into an application one by one."""

    def __init__(self, application: Callable[[Environ, Any], Iterable[bytes]]) -> None:
        """Stand before an application that has answered when it returns."""
        self._application = application
        self._turn = threading.Lock()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's
        """Answer a request."""
        if environ["REQUEST_METHOD"] != "PUT" or not _CONDITIONS & environ.keys():
            return self._application(environ, start_response)
        with self._turn:
            return self._application(environ, start_response)


def untracked(kind: type[Any], *_: object, **__: object) -> Any:  # noqa: ANN401 - one of the kind
    """Make a model as moto does, and keep no list of all that were ever made."""
    return object.__new__(kind)


def main(port: int, *identity: str) -> None:
    """Serve on a port of 127.0.0.1 for ever; HTTPS with a certificate's and a key's file."""
    BaseModel.__new__ = untracked  # type: ignore[assignment,method-assign]
    tls = None
    if identity:
        tls = Patient(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*identity)
    run_simple(
        "127.0.0.1",
        port,
        OneByOne(Dispatcher()),
        threaded=True,
        ssl_context=tls,
        request_handler=Handler,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
