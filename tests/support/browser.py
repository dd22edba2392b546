"""A real Chromium, spoken to in WebDriver's own words: JSON over HTTP (w3.org/TR/webdriver2)."""

import base64
import json
import shutil
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from jobs.demo.processes import Process, free_port, is_listening

PROGRAMS = ("chromium", "chromedriver")
_PATIENCE = timedelta(seconds=60)
_OPTIONS = {
    "args": [
        "--headless=new",
        "--no-sandbox",  # there is none for root, as which containers and CI run
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--force-device-scale-factor=1",
        "--disable-background-networking",
        "--disable-component-update",
    ]
}


def missing() -> str:
    """Which program is not on this machine; empty where both are."""
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    return " and ".join(lacking)


class Page:
    """A tab of a browser."""

    def __init__(self, address: str) -> None:
        self._address = address

    def open(self, url: str) -> None:
        """Load a page, until all that it needs is there."""
        self._ask("url", url=url)

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 - JavaScript's values
        """The value that a JavaScript function's body returns."""
        return self._ask("execute/sync", script=script, args=list(arguments))

    def text(self, selector: str = "body") -> str:
        """What a reader sees of the first element that fits."""
        return str(self.run("return document.querySelector(arguments[0]).innerText", selector))

    def wait_for(self, script: str, *arguments: object) -> None:
        """Return when the body's value is true; the browser looks at every change of the page.

        Where another page is being loaded meanwhile, it is looked for on that one.
        """
        watched = """
            const done = arguments[arguments.length - 1], given = [...arguments].slice(0, -1);
            const holds = () => (function() { %s }).apply(null, given);
            if (holds()) return done();
            const look = () => { if (holds()) { seen.disconnect(); done(); } };
            const seen = new MutationObserver(look);
            seen.observe(document, {subtree: true, childList: true, attributes: true,
                                    characterData: true});
        """
        deadline = time.monotonic() + _PATIENCE.total_seconds()
        while True:
            try:
                self._ask("execute/async", script=watched % script, args=list(arguments))
            except HTTPError as error:
                error.close()
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def press(self, *keys: str) -> None:
        """Press keys one after the other, each let go before the next."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._ask("actions", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])

    def emulate(self, *, width: int, height: int, scheme: str = "light") -> None:
        """Show the page on another screen, to somebody who likes it light or dark."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._chromium("Emulation.setDeviceMetricsOverride", screen)
        wish = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self._chromium("Emulation.setEmulatedMedia", wish)

    def picture(self, path: Path) -> None:
        """Keep what is seen, as a PNG."""
        path.write_bytes(base64.b64decode(self._ask("screenshot", method="GET")))

    def requests(self) -> list[str]:
        """Every URL that was asked for since the last call."""
        lines = self._ask("se/log", type="performance")
        events = [json.loads(line["message"])["message"] for line in lines]
        sent = [one["params"] for one in events if one["method"] == "Network.requestWillBeSent"]
        urls = [str(one["request"]["url"]) for one in sent]
        return [url for url in urls if url.startswith(("http", "ws"))]

    def complaints(self) -> list[str]:
        """What the browser's console says since the last call: errors, refused requests."""
        return [str(line["message"]) for line in self._ask("se/log", type="browser")]

    def close(self) -> None:
        """End the browser."""
        _call("DELETE", self._address, {})

    def _chromium(self, command: str, parameters: dict[str, Any]) -> None:
        self._ask("goog/cdp/execute", cmd=command, params=parameters)

    def _ask(self, what: str, *, method: str = "POST", **body: object) -> Any:  # noqa: ANN401
        return _call(method, f"{self._address}/{what}", body)


@contextmanager
def browsing(folder: Path) -> Iterator[Page]:
    """A browser with nothing in it, ended on the way out.

    Args:
        folder: For its profile and logs.
    """
    port = free_port()
    command = ["chromedriver", f"--port={port}"]
    with Process("chromedriver", command, log=folder / "chromedriver.log") as driver:
        driver.wait_until(lambda: is_listening(port), within=_PATIENCE)
        wishes = {
            "browserName": "chrome",
            "timeouts": {"script": 1000 * _PATIENCE.seconds},
            "goog:chromeOptions": {
                "args": [*_OPTIONS["args"], f"--user-data-dir={folder / 'profile'}"]
            },
            "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
        }
        address = f"http://127.0.0.1:{port}/session"
        session = _call("POST", address, {"capabilities": {"alwaysMatch": wishes}})
        page = Page(f"{address}/{session['sessionId']}")
        try:
            yield page
        finally:
            page.close()


def _call(method: str, url: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    data = None if method == "GET" else json.dumps(body).encode()
    request = urllib.request.Request(url, data, method=method)  # noqa: S310 - 127.0.0.1
    with urllib.request.urlopen(request, timeout=_PATIENCE.total_seconds()) as answer:  # noqa: S310
        return json.load(answer)["value"]
