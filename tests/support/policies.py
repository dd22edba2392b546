"""Policy files of makers that do not exist, clause by clause."""

from importlib.resources import files
from typing import Any

from schemas.policies import Policy

Document = dict[str, Any]


def text_of(vendor: str) -> str:
    """A shipped file."""
    return files("schemas.policies").joinpath(f"{vendor}.toml").read_text("utf-8")


def with_clause(kind: str, *fields: str, vendor: str = "smarock", name: str = "more") -> str:
    """A shipped file with one clause more, of these TOML lines."""
    source = '"Anywhere" = [1]'
    head = ["[[clauses]]", f'id = "{name}"', f'kind = "{kind}"', f"source = {{ {source} }}"]
    return "\n".join([text_of(vendor), *head, 'rule = "r"', *fields])


def without_clause(name: str, *, vendor: str = "smarock") -> str:
    """A shipped file with one clause less."""
    parts = text_of(vendor).split("[[clauses]]")
    return "[[clauses]]".join(part for part in parts if f'id = "{name}"' not in part)


def parsed(text: str) -> Policy:
    """The policy that a text is."""
    return Policy.parse(text, "a.toml")
