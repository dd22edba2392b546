"""The report as one page of HTML that needs nothing else: to be read, printed and kept."""

from collections.abc import Mapping
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment

from jobs.templates import templates
from jobs.verify.report.document import Document
from jobs.verify.verdict import Verdict

_ORDER = [
    Verdict.BROKEN,
    Verdict.NOT_CHECKABLE,
    Verdict.HELD,
    Verdict.ATTESTED,
    Verdict.NOTHING,
]
_MEANS = {
    Verdict.BROKEN: "something was found that breaks it",
    Verdict.NOT_CHECKABLE: "something that had to be looked at could not be seen",
    Verdict.HELD: "everything that was looked at keeps it",
    Verdict.ATTESTED: "no program can see it; somebody signed for it",
    Verdict.NOTHING: "there is nothing yet that could break it",
}


def page(report: Document, signature: Mapping[str, str] | None = None) -> str:
    """The page, complete without any script.

    Args:
        report: As `jobs.verify.report.document` makes it.
        signature: Of the document; None: nobody signed it.
    """
    makers = groupby(report["promises"], lambda one: one["vendor"])
    return _PAGES.get_template("report.html").render(
        report=report,
        signature=signature,
        style=files(__package__).joinpath("web/report.css").read_text("utf-8"),
        makers=[(vendor, list(promises)) for vendor, promises in makers],
        verdicts=[(verdict.value, _MEANS[verdict]) for verdict in _ORDER],
    )


def _sections(source: Mapping[str, list[int]]) -> str:
    return "; ".join(
        f"{section}: {', '.join(map(str, sentences))}" for section, sentences in source.items()
    )


def _verdict(look: Mapping[str, Any]) -> str:
    """Of one look, in the words of verdicts."""
    if look["found"]:
        return Verdict.BROKEN.value
    if look["unknown"]:
        return Verdict.NOT_CHECKABLE.value
    if look["attested"]:
        return Verdict.ATTESTED.value
    return Verdict.HELD.value if look["looked_at"] else Verdict.NOTHING.value


def _environment() -> Environment:
    found = templates("jobs.verify.report")
    found.filters |= {
        "sections": _sections,
        "verdict": _verdict,
        "word": lambda verdict: verdict.replace(" ", "-"),
        "number": lambda value: f"{value:,}",
    }
    return found


_PAGES = _environment()
