import io
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from jobs.demo.moto_s3 import Environ, OneByOne, whole_body

BODY = b"an entry of a log"


@dataclass
class Forgetful:
    """Looks, lets everybody else look, and only then writes."""

    patience: float | None = 0.01
    written: list[bytes] = field(default_factory=list)
    inside: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __call__(self, environ: Environ, _: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's
        if environ["REQUEST_METHOD"] == "GET":
            return self.written
        is_first = not self.written
        self.inside.set()
        self.go_on.wait(self.patience)
        if not is_first:
            return [b"412"]
        self.written.append(environ["wsgi.input"].read())
        return [b"200"]


def put() -> Environ:
    head = {"REQUEST_METHOD": "PUT", "HTTP_IF_NONE_MATCH": "*", "CONTENT_LENGTH": str(len(BODY))}
    return {**head, "wsgi.input": io.BytesIO(BODY)}


def test_of_several_conditional_puts_at_once_exactly_one_is_the_first() -> None:
    application = Forgetful()
    server = OneByOne(application)
    with ThreadPoolExecutor(8) as pool:
        answers = [list(one) for one in pool.map(lambda _: server(put(), None), range(8))]
    assert answers.count([b"200"]) == 1
    assert application.written == [BODY]


def test_who_only_reads_waits_for_no_put() -> None:
    application = Forgetful(patience=None)
    server = OneByOne(application)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(server, put(), None)
        application.inside.wait()
        reader = pool.submit(server, {"REQUEST_METHOD": "GET"}, None)
        try:
            assert reader.result(timeout=60) is application.written
        finally:
            application.go_on.set()
        assert slow.result() == [b"200"]


def test_a_body_whose_sender_is_gone_is_no_body() -> None:
    assert whole_body(put()) == BODY
    with pytest.raises(ConnectionAbortedError):
        whole_body({**put(), "wsgi.input": io.BytesIO(BODY[:-1])})
