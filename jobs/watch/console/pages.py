"""Draws the pages: HTML from `web/`, escaped everywhere, and complete before any script runs."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

from jinja2 import Environment
from markdown_it import MarkdownIt

from jobs.templates import templates
from jobs.watch.console import parts, words
from jobs.watch.console.flushes import flushes
from jobs.watch.console.view import banner
from jobs.watch.runbooks import page as runbook
from jobs.watch.runbooks import titles
from jobs.watch.state import State
from jobs.watch.words import counted, duration

ASSETS = {"/console.css": "text/css", "/console.js": "text/javascript"}
"""Path -> type of what a page needs besides itself: nothing else, and nothing of others."""


def console(states: Sequence[State], now: datetime) -> str:
    """The page.

    Args:
        states: The oldest first; none: the page says that nothing was seen.
        now: The time.
    """
    state = states[-1] if states else None
    known = _parts(states) if state else {}
    return _render("console.html", banner=banner(states, now), state=state, **known)


def runbooks() -> str:
    """The list of runbooks."""
    return _render("runbooks.html", titles=titles())


def one_runbook(name: str) -> str | None:
    """A runbook; None: there is none of that name."""
    if name not in titles():
        return None
    return _render("runbook.html", title=titles()[name], body=_MARKDOWN.render(runbook(name)))


def door(*, wrong: bool) -> str:
    """Where a visitor gives the token."""
    return _render("door.html", wrong=wrong)


def asset(path: str) -> bytes:
    """A file that pages need."""
    return files(__package__).joinpath("web" + path).read_bytes()


def _parts(states: Sequence[State]) -> Mapping[str, object]:
    return {
        "figures": parts.figures(states[-1]),
        "partitions": parts.partitions(states),
        "tables": parts.tables(states),
        "members": parts.members(states[-1]),
        "flushes": flushes(states),
        "rejected": sorted(states[-1].rejected, key=lambda one: (-one.a_minute, -one.records)),
    }


def _duration(value: timedelta | None) -> str:
    return "–" if value is None else duration(value)  # noqa: RUF001 - a dash to be read


def _ago(value: timedelta | None) -> str:
    return "none" if value is None else f"{duration(value)} ago"


def _known(value: float | None, how: str) -> str:
    show: dict[str, Callable[[float], str]] = {
        "number": words.number,
        "size": words.size,
        "seconds": lambda seconds: duration(timedelta(seconds=seconds)),
    }
    return show[how](value) if value else "–"  # noqa: RUF001 - a dash to be read


def _environment() -> Environment:
    found = templates("jobs.watch.console")
    found.filters |= {
        "ago": _ago,
        "clock": words.clock,
        "counted": lambda n, one: counted(n, one, f"{one}s"),
        "duration": _duration,
        "known": _known,
        "milliseconds": lambda value: words.number(value / timedelta(milliseconds=1)),
        "number": words.number,
        "size": words.size,
    }
    return found


_PAGES = _environment()
_MARKDOWN = MarkdownIt("commonmark").enable("table")


def _render(name: str, **values: Any) -> str:  # noqa: ANN401 - what a template asks for
    return _PAGES.get_template(name).render(**values)
