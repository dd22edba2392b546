"""The runbooks: a short page for each thing that can be wrong, which the console shows itself.

They are kept here, and not only in `docs/runbooks`, so that the link from the console works where
nothing else does. `docs/runbooks` is written from here (`fortnight documents write`).
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from jobs.watch.prometheus.alerts import of_page

_SUFFIX = ".md"


@cache
def titles() -> Mapping[str, str]:
    """Name -> title of every runbook, by name."""
    found = (one.name for one in files(__package__).iterdir() if one.name.endswith(_SUFFIX))
    names = sorted(name.removesuffix(_SUFFIX) for name in found)
    return {name: _text(name).splitlines()[0].removeprefix("# ") for name in names}


@cache
def page(name: str) -> str:
    """A runbook as Markdown: its text, and below what Prometheus watches for.

    Raises:
        KeyError: There is none of that name.
    """
    if name not in titles():
        raise KeyError(name)
    return "\n".join([_text(name), *_alerts(name), ""])


def _text(name: str) -> str:
    return files(__package__).joinpath(name + _SUFFIX).read_text("utf-8")


def _alerts(name: str) -> Iterator[str]:
    yield "## What Prometheus watches for"
    for alert in of_page(name):
        yield f"\n`{alert.name}` ({alert.severity}), once this has held for {alert.holds}:\n"
        yield f"    {alert.query}"
