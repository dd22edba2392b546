from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.demo.processes import free_port
from jobs.watch.places.workers import scrape, worker_state
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
    token = "correct horse battery staple"
    with closing(Exposition(Meter(), 0, token=token)) as served:
        url = f"http://127.0.0.1:{served.port}/metrics"
        assert scrape(url, token).answers
        with pytest.raises(StoreUnavailableError, match="Unauthorized"):
            scrape(url)


def test_who_sends_elsewhere_is_not_followed_with_the_token() -> None:
    token = "correct horse battery staple"
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
            scrape(f"http://127.0.0.1:{server.server_port}/metrics", token)
        server.shutdown()
    assert brought == [f"Bearer {token}", None]


def test_a_worker_that_is_not_there_is_no_answer_and_is_named() -> None:
    url = f"http://127.0.0.1:{free_port()}/metrics"
    with pytest.raises(StoreUnavailableError, match=url):
        scrape(url)
