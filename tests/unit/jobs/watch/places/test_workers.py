import socket
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from threading import enumerate as enumerate_threads

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rows import NOW

from jobs.demo.processes import free_port
from jobs.watch.places.addresses import addresses_of, urls_of
from jobs.watch.places.workers import Workers, scrape, worker_state
from schemas.errors import StoreUnavailableError
from schemas.exposition import parse_text
from schemas.metrics import (
    FLUSHES,
    RETRIES,
    STORE_ERRORS,
    STORE_REQUESTS,
    STORE_SECONDS,
    WORKER_METRICS,
)
from streams.monitoring import Exposition, Meter

TOKEN = "correct horse battery staple"
ONE, OTHER = "127.0.0.1", "127.0.0.2"

requests = st.lists(
    st.tuples(st.sampled_from(["eu", "us"]), st.sampled_from(["put", "get"]), st.integers(1, 9))
)


@given(requests)
def test_what_a_worker_counted_is_told_by_region(counted: list[tuple[str, str, int]]) -> None:
    meter = Meter()
    for region, operation, n in counted:
        meter.add(STORE_REQUESTS, n, region=region, operation=operation)
        meter.add(STORE_SECONDS, n / 2, region=region, operation=operation)
    state = worker_state("url", parse_text(meter.exposition(), WORKER_METRICS))
    regions = {region for region, _, _ in counted}
    sums = {one: sum(n for region, _, n in counted if region == one) for one in regions}
    assert state.store_requests == sums
    assert state.store_seconds == {region: n / 2 for region, n in sums.items()}


def test_a_worker_is_asked_over_http_and_summed_over_topics() -> None:
    meter = Meter()
    for topic in ("a", "b"):
        meter.set(FLUSHES, 3, topic=topic)
        meter.set(RETRIES, 1, topic=topic, destination="eu")
    meter.add(STORE_ERRORS, region="us", operation="put")
    served = Exposition(meter, 0)
    try:
        state = scrape(f"http://127.0.0.1:{served.port}/metrics")
    finally:
        served.close()
    assert (state.answers, state.flushes, state.retries) == (True, 6, {"eu": 2})
    assert state.store_errors == {"us": 1}
    assert state.resident_bytes > 10**6


def test_a_worker_that_asks_for_a_token_is_brought_it() -> None:
    with closing(Exposition(Meter(), 0, token=TOKEN)) as served:
        url = f"http://127.0.0.1:{served.port}/metrics"
        assert scrape(url, TOKEN).answers
        with pytest.raises(StoreUnavailableError, match="Unauthorized"):
            scrape(url)


def test_who_sends_elsewhere_is_not_followed_with_the_token() -> None:
    brought: list[str | None] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            brought.append(self.headers["Authorization"])
            self.send_response(302 if self.path == "/metrics" else 404)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(StoreUnavailableError):
            scrape(f"http://127.0.0.1:{server.server_port}/metrics", TOKEN)
        server.shutdown()
    assert brought == [f"Bearer {TOKEN}", None]


def test_a_worker_that_is_not_there_is_no_answer_and_is_named() -> None:
    url = f"http://127.0.0.1:{free_port()}/metrics"
    with pytest.raises(StoreUnavailableError, match=url):
        scrape(url)


class Names:
    """A resolver that knows one name, which stands for what the test says."""

    def __init__(self, *addresses: str) -> None:
        self.addresses: Iterable[str] = addresses

    def __call__(self, name: str) -> Iterable[str]:
        assert name == "worker"
        if not self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self.addresses


@contextmanager
def serving(address: str, port: int, flushes: int) -> Iterator[None]:
    meter = Meter()
    meter.set(FLUSHES, flushes, topic="a")
    with closing(Exposition(meter, port, host=address, token=TOKEN)):
        yield


def told(workers: Workers) -> dict[str, tuple[bool, int]]:
    """Name -> whether it answers, and its flushes."""
    found = workers.ask(NOW)()
    assert [(reach.name, reach.answers) for reach, _ in found] == [
        (state.url, state.answers) for _, state in found
    ]
    return {reach.name: (reach.answers, state.flushes) for reach, state in found}


def test_every_worker_behind_a_name_is_asked_and_shown_by_its_address() -> None:
    port = free_port()
    names = Names(OTHER, ONE, OTHER)
    workers = Workers([f"http://worker:{port}/metrics"], TOKEN, names)
    with closing(workers), serving(ONE, port, 1):
        with serving(OTHER, port, 2):
            assert told(workers) == {
                f"http://{ONE}:{port}/metrics": (True, 1),
                f"http://{OTHER}:{port}/metrics": (True, 2),
            }
        assert told(workers)[f"http://{OTHER}:{port}/metrics"] == (False, 0)


def test_a_worker_whose_address_leaves_its_name_is_forgotten_and_one_that_comes_is_asked() -> None:
    port = free_port()
    names = Names(ONE, OTHER, "127.0.0.3")
    workers = Workers([f"http://worker:{port}/metrics"], TOKEN, names)
    with closing(workers), serving(ONE, port, 1), serving(OTHER, port, 2):
        assert told(workers)[f"http://127.0.0.3:{port}/metrics"] == (False, 0)
        names.addresses = (ONE, OTHER)
        assert [answers for answers, _ in told(workers).values()] == [True, True]
        (asking,) = (one for one in enumerate_threads() if f"//{OTHER}:{port}/" in one.name)
        names.addresses = (ONE, "127.0.0.3")
        with serving("127.0.0.3", port, 3):
            assert told(workers) == {
                f"http://{ONE}:{port}/metrics": (True, 1),
                f"http://127.0.0.3:{port}/metrics": (True, 3),
            }
        asking.join(60)
        assert not asking.is_alive()


def test_a_name_that_stands_for_nobody_is_one_worker_that_is_away_until_it_does() -> None:
    port = free_port()
    names = Names()
    workers = Workers([f"http://worker:{port}/metrics"], TOKEN, names)
    with closing(workers), serving(ONE, port, 1), serving(OTHER, port, 2):
        ((reach, state),) = workers.ask(NOW)()
        assert (reach.name, reach.answers, state.answers) == (state.url, False, False)
        assert state.url == f"http://worker:{port}/metrics"
        assert "Name or service not known" in reach.problem
        names.addresses = (ONE, OTHER)
        assert len(told(workers)) == 2


def test_the_only_worker_behind_a_name_is_called_as_it_was_given() -> None:
    with closing(Exposition(Meter(), 0)) as served:
        url = f"http://localhost:{served.port}/metrics"
        with closing(Workers([url], "", lambda _: [ONE])) as workers:
            assert told(workers) == {url: (True, 0)}


def test_who_is_asked_by_its_address_is_told_the_name_and_brought_the_token() -> None:
    brought: list[tuple[str, str | None, str | None]] = []

    class Told(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            brought.append((self.path, self.headers["Host"], self.headers["Authorization"]))
            self.send_error(404)

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer((ONE, 0), Told) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        host = f"worker:{server.server_port}"
        with closing(Workers([f"http://{host}/metrics"], TOKEN, Names(ONE, OTHER))) as workers:
            assert [answers for answers, _ in told(workers).values()] == [False, False]
        server.shutdown()
    assert brought == [("/metrics", host, f"Bearer {TOKEN}")]


def test_a_url_keeps_all_but_its_name_and_https_also_that() -> None:
    def two(_name: str) -> Iterable[str]:
        return ["10.0.0.9", "::1"]

    assert urls_of("http://worker:9100/a?b=c", two) == (
        "http://10.0.0.9:9100/a?b=c",
        "http://[::1]:9100/a?b=c",
    )
    assert urls_of("http://worker/metrics", two)[0] == "http://10.0.0.9/metrics"
    assert urls_of("https://worker/metrics", two) == ("https://worker/metrics",)
    with pytest.raises(StoreUnavailableError, match="http://worker:port/metrics"):
        urls_of("http://worker:port/metrics", two)


def test_an_address_stands_for_itself_and_this_machines_name_for_one_worker() -> None:
    assert addresses_of(ONE) == {ONE}
    assert len(addresses_of("localhost")) == 1
