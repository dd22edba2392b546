"""The makers' published policies beside the project: read, numbered, and never copied into it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

_POLICIES = Path(__file__).parents[3] / "shared" / "policies"
_FILES = {
    "360-robot-vacuum": "360-robot-vacuum-privacy-policy-2018.txt",
    "smarock": "smarock-privacy-policy-2022.txt",
}
_BEGINS: Mapping[str, Mapping[str, str]] = {
    "360-robot-vacuum": {
        "This Privacy Policy was": "Beginning",
        "Who we are": "Who we are",
        "Your information": "Your information",
        **{f"{number}.": f"Your information, {number}" for number in range(1, 7)},
        "Why we collect": "Why we collect and how long we keep your information",
        "How long we keep": "How long we keep your information",
        "Uses for compliance": "Uses for compliance with legal requirements",
        "Information we share": "Information we share",
        "Where your information": "Where your information will be stored",
        "Your rights": "Your rights",
        "Cookies": "Cookies",
        "Security": "Security",
        "Changes to the policy": "Changes to the policy",
        "How to contact us": "How to contact us",
    },
    "smarock": {
        "We, Smarock": "Beginning",
        **{f"{number}. ": f"Beginning, {number}" for number in range(1, 5)},
        "You understand that": "Beginning, on reading",
        "If you have any": "Beginning, on questions",
        "You understand and agree that as": "Beginning, on agreeing",
        "1. How we collect": "1. How we collect and use your personal information",
        "1. Information you": "1 (1) 1",
        "In addition": "1 (1) 1, other information",
        "Information we collect from": "1 (1) 1, registered robots",
        "2. Information We": "1 (1) 2",
        "You understand and agree that in": "1 (1), authorities",
        "• Product": "Foot of the page",
    },
}
"""How the first line of each section begins, in order -> what clauses call the section."""

_END = re.compile(r"(?<=[.!?])\s+(?=[\"“(]?[A-Z0-9])")

needs_policies = pytest.mark.skipif(
    not _POLICIES.is_dir(), reason="no published policies in ../shared/policies"
)


def published(vendor: str) -> Mapping[str, list[str]]:
    """Section -> its sentences, the first is number 1; an item of a list counts as one.

    Headings and bare numbers are none, nor is what the file says above the policy.
    """
    sections: dict[str, list[str]] = {}
    begins = list(_BEGINS[vendor].items())
    for line in (_POLICIES / _FILES[vendor]).read_text("utf-8").splitlines():
        if begins and line.strip().startswith(begins[0][0].strip()):
            sections[begins.pop(0)[1]] = []
        if sections:
            name = next(reversed(sections))
            sections[name] += _sentences(line, name)
    assert not begins, f"{vendor}: no section begins with {begins[0][0]!r}"
    return sections


def words(text: str) -> list[str]:
    """The words of a text, without case and punctuation."""
    return re.findall(r"[a-z0-9]+", text.casefold())


def _sentences(line: str, section: str) -> Iterator[str]:
    for sentence in _END.split(line.strip()):
        if re.search("[A-Za-z]", sentence) and sentence != section:
            yield sentence
