"""The runbooks: a short page for each thing that can be wrong, which the console shows itself.

They are kept here, and not only in `docs/runbooks`, so that the link from the console works where
nothing else does. `docs/runbooks` is written from here (`fortnight documents write`), with what
Prometheus watches for below each.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def titles() -> Mapping[str, str]:
    """Name -> title of every runbook, by name."""
    found = (one.name for one in files(__package__).iterdir() if one.name.endswith(".md"))
    names = sorted(name.removesuffix(".md") for name in found)
    return {name: page(name).splitlines()[0].removeprefix("# ") for name in names}


@cache
def page(name: str) -> str:
    """A runbook, as Markdown that begins with its title."""
    return files(__package__).joinpath(f"{name}.md").read_text("utf-8")
