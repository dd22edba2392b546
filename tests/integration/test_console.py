"""The console as somebody sees it: in a real Chromium, on a phone, by keyboard, in the dark."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.browser import Page, browsing, missing
from support.watched import NOW, hour, spike, state

from jobs.watch.console.server import Console
from jobs.watch.history import History

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"{missing()}: not on this machine")
SENTENCE = "Partition 3 of fleet.telemetry has not moved for 4 min; worker-c40e owns it; 31,212"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with tempfile.TemporaryDirectory() as folder, browsing(Path(folder)) as running:
        yield running


@pytest.fixture
def history() -> History:
    return hour()


@pytest.fixture
def console(history: History) -> Iterator[Console]:
    with Console(history, lambda: history.states[-1].now) as running:
        yield running


def test_it_loads_without_asking_anybody_else(page: Page, console: Console) -> None:
    page.requests()
    page.open(console.url)
    assert "Nothing is wrong" in page.text("#banner")
    asked = page.requests()
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(console.url).netloc}
    assert {urlsplit(url).path for url in asked} == {"/", "/console.css", "/console.js"}
    assert page.complaints() == []


def test_a_lag_spike_shows_by_itself_and_names_the_stuck_partition(
    page: Page, console: Console, history: History
) -> None:
    page.open(console.url)
    assert "now: 2 s" in page.text("#lag figure")
    spike(history)
    page.run("return refresh()")  # what the page does every two seconds
    page.wait_for("return document.querySelector('#banner').classList.contains('critical')")
    assert SENTENCE in page.text("#banner")
    assert "1 problem since 03:13:00 UTC" in page.run("return document.title")
    assert "now: 4 min" in page.text("#lag figure")
    first = page.text("#lag tbody tr")
    assert "fleet.telemetry 3" in first
    assert "STALL" in first


def test_who_opens_it_before_the_first_look_sees_what_was_found_then(page: Page) -> None:
    history = History()
    with Console(history, lambda: NOW) as console:
        page.open(console.url)
        assert "Nothing has been seen yet" in page.text("#banner")
        history.append(state(NOW))
        page.run("refresh()")
        page.wait_for("return document.querySelector('#lag figure') !== null")
        assert "Nothing is wrong" in page.text("#banner")


def test_the_link_beside_a_problem_leads_to_what_to_do(
    page: Page, console: Console, history: History
) -> None:
    spike(history)
    page.open(console.url)
    page.run("document.querySelector('#banner .do').click()")
    page.wait_for("return document.querySelector('article h1') !== null")
    assert page.run("return location.pathname") == "/runbooks/partition-stuck"
    assert "What to do" in page.text("article")


def test_when_watch_ends_the_page_says_that_it_is_old(page: Page, history: History) -> None:
    with Console(history, lambda: NOW) as console:
        page.open(console.url)
        assert not page.run("return document.getElementById('lost').checkVisibility()")
    page.run("return refresh()")
    page.wait_for("return document.getElementById('lost').checkVisibility()")
    assert "lost the watch" in page.text("#lost")


def test_a_keyboard_is_enough(page: Page, console: Console, history: History) -> None:
    spike(history)
    page.open(console.url)
    page.press("\ue004")  # Tab
    assert page.run("return document.activeElement.innerText") == "Skip to the content"
    seen = set()
    for _ in range(40):
        page.press("\ue004")
        seen.add(page.run("return document.activeElement.id || document.activeElement.innerText"))
        if "oldest" in seen:
            break
    assert {"do-1", "Lag", "oldest"} <= seen
    page.press("\ue012")  # the left arrow: into the past of the chart
    page.press("\ue012")
    assert "UTC: 3 min 40 s" in page.text("#lag output")


def test_who_is_reading_is_not_disturbed(page: Page, console: Console, history: History) -> None:
    page.open(console.url)
    page.run("document.querySelector('#more-partitions').open = true")
    page.run("document.querySelector('#more-partitions-summary').focus()")
    history.append(state(NOW))
    spike(history)
    page.run("return refresh()")
    page.wait_for("return document.querySelector('#banner').classList.contains('critical')")
    assert page.run("return document.querySelector('#more-partitions').open")
    assert page.run("return document.activeElement.id") == "more-partitions-summary"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_it_fits_and_can_be_read_on_every_screen(
    page: Page, console: Console, history: History, width: int, scheme: str
) -> None:
    spike(history)
    page.emulate(width=width, height=800, scheme=scheme)
    page.open(console.url)
    assert page.run("return document.documentElement.scrollWidth") <= width
    faint = page.run(_CONTRAST, 4.5)
    assert faint == []


_CONTRAST = """
  const rgb = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (e) => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
  const faint = new Set();
  for (const e of document.querySelectorAll("body *")) {
    const told = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!told || !e.checkVisibility()) continue;
    const a = light(rgb(getComputedStyle(e).color)), b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < arguments[0]) faint.add(`${ratio.toFixed(1)} ${e.innerText.slice(0, 40)}`);
  }
  return [...faint];
"""
"""What of the page has less contrast with its ground than WCAG 2.2 asks for (AA: 4.5)."""
