import http.client
from collections.abc import Iterator
from datetime import datetime

import pytest
from support.watched import NOW, hour

from jobs.watch.console.server import Console
from schemas.errors import SettingsError

TOKEN = "correct horse battery staple"
Answer = tuple[int, dict[str, str], str]


def ask(
    console: Console, path: str, *, method: str = "GET", body: str = "", **headers: str
) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    address = console.url.split("/")[2]
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request(method, path, body or None, given)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def clock() -> datetime:
    return NOW


@pytest.fixture
def open_console() -> Iterator[Console]:
    with Console(hour(), clock) as running:
        yield running


@pytest.fixture
def locked_console() -> Iterator[Console]:
    with Console(hour(), clock, token=TOKEN) as running:
        yield running


def test_it_listens_on_this_machine_and_shows_the_page(open_console: Console) -> None:
    assert open_console.url.startswith("http://127.0.0.1:")
    status, headers, page = ask(open_console, "/")
    assert status == 200
    assert "Nothing is wrong" in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_every_path_that_a_page_names_is_there(open_console: Console) -> None:
    for path in ("/", "/console.css", "/console.js", "/runbooks", "/runbooks/partition-stuck"):
        assert ask(open_console, path)[0] == 200
        assert ask(open_console, path, method="HEAD")[2] == ""


@pytest.mark.parametrize("path", ["/x", "/runbooks/../../server", "/runbooks/", "/pages/"])
def test_nothing_else_is_there(open_console: Console, path: str) -> None:
    assert ask(open_console, path)[0] == 404


def test_nothing_can_be_changed(open_console: Console) -> None:
    assert ask(open_console, "/", method="POST")[0] == 405
    for method in ("PUT", "DELETE", "PATCH"):
        assert ask(open_console, "/", method=method)[0] == 501


def test_another_origin_cannot_read_it_by_giving_its_name_our_address(
    open_console: Console,
) -> None:
    assert ask(open_console, "/", Host="evil.example")[0] == 421
    assert ask(open_console, "/", Host="localhost:1234")[0] == 200


def test_with_a_token_nobody_sees_anything_without_it(locked_console: Console) -> None:
    for path in ("/", "/runbooks", "/x"):
        status, _, page = ask(locked_console, path)
        assert status == 401
        assert "wants a token" in page
        assert "fleet.telemetry" not in page
    for wrong in (TOKEN[:-1], TOKEN + "x", "", "Bearer"):
        assert ask(locked_console, "/", Authorization=f"Bearer {wrong}")[0] == 401
    assert ask(locked_console, "/", Authorization=f"Bearer {TOKEN}")[0] == 200


def test_a_browser_gives_the_token_once_and_does_not_keep_it(locked_console: Console) -> None:
    status, headers, _ = ask(locked_console, "/enter", method="POST", body=f"token={TOKEN}")
    cookie = headers["Set-Cookie"]
    assert (status, headers["Location"]) == (303, "/")
    assert TOKEN not in cookie
    assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    assert ask(locked_console, "/", Cookie=cookie.split(";")[0])[0] == 200
    assert ask(locked_console, "/", Cookie="fortnight-console=0")[0] == 401
    wrong, _, page = ask(locked_console, "/enter", method="POST", body="token=guess")
    assert (wrong, "That is not the token" in page) == (401, True)


def test_a_form_that_is_too_large_is_not_read(locked_console: Console) -> None:
    assert ask(locked_console, "/enter", method="POST", body="token=" + "x" * 5_000)[0] == 405


@pytest.mark.parametrize(("host", "token"), [("0.0.0.0", ""), ("::", ""), ("127.0.0.1", "short")])  # noqa: S104 - refused
def test_an_address_that_others_reach_needs_a_token_that_cannot_be_guessed(
    host: str, token: str
) -> None:
    with pytest.raises(SettingsError, match="token"):
        Console(hour(), clock, host=host, token=token)


def test_an_address_that_is_taken_is_told(open_console: Console) -> None:
    port = int(open_console.url.split(":")[2].strip("/"))
    with pytest.raises(SettingsError, match="cannot listen"):
        Console(hour(), clock, port=port)
