"""Trying on a server that answers as AWS does, where moto knows neither digests nor that right."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from storage.s3 import Credentials, S3Location
from storage.s3.trying import Trying


class _S3(BaseHTTPRequestHandler):
    """Refuses conditional puts, as AWS does to those who may not read, and stores nothing whole."""

    may_put = True

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.headers.get("If-Match") or not self.may_put:
            self._answer(403, "AccessDenied")
        elif self.headers.get("Content-MD5"):
            self._answer(400, "BadDigest")
        else:
            self._answer(200, "it was stored")

    def _answer(self, status: int, code: str) -> None:
        body = f"<Error><Code>{code}</Code></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is written."""


class _ClosedS3(_S3):
    may_put = False


@contextmanager
def served(by: type[_S3]) -> Iterator[Trying]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), by)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        keys = Credentials("anybody", "anything")
        yield Trying(S3Location("bucket-of-rows", "eu-central-1", url, keys))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("by", "may"), [(_S3, True), (_ClosedS3, False)])
def test_whoever_may_put_and_not_read_is_not_taken_for_somebody_who_may_do_neither(
    by: type[_S3], *, may: bool
) -> None:
    with served(by) as trying:
        assert trying.may("PutObject", "bucket-of-rows", "telemetry/never") is may
