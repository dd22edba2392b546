"""Clauses on people: who gets data, what a subject may ask for, who is told when it goes wrong."""

from datetime import timedelta
from typing import Literal

from schemas.policies.clause import Clause

Ground = Literal["contract", "law", "dispute", "circumstances"]


class Recipients(Clause, tag="recipients", frozen=True, kw_only=True):
    """Who may get data; nobody else does.

    Attributes:
        recipients: Who.
        needs: What has to be there before.
        until: What ends it; empty: the need itself.
    """

    recipients: tuple[str, ...]
    needs: tuple[Literal["function", "reason", "consent", "law"], ...]
    until: str = ""


class Right(Clause, tag="right", frozen=True, kw_only=True):
    """What a subject may ask for.

    Attributes:
        right: Which.
        due: Within which time of the request it is answered.
        exceptions: Grounds on which it may be refused.
    """

    right: Literal[
        "confirm",
        "access",
        "correct",
        "erase",
        "restrict",
        "stop",
        "withdraw",
        "cancel",
        "complain",
        "settings",
    ]
    due: timedelta
    exceptions: tuple[Ground, ...] = ()


class Minimisation(Clause, tag="minimisation", frozen=True, kw_only=True):
    """Who may see what, and no more.

    Attributes:
        roles: Role -> tables that it may read.
    """

    roles: dict[str, tuple[str, ...]]


class Review(Clause, tag="review", frozen=True, kw_only=True):
    """Who may and who did see data is recorded, and looked through.

    Attributes:
        every: At least so often.
        looks_at: At what.
    """

    every: timedelta
    looks_at: tuple[Literal["access list", "access records", "operations"], ...]


class Incident(Clause, tag="incident", frozen=True, kw_only=True):
    """Who is told of a breach of security.

    Attributes:
        told: Whom.
        within: Of learning of it, the authority.
    """

    told: tuple[Literal["authority", "subjects"], ...]
    within: timedelta


class Versions(Clause, tag="versions", frozen=True, kw_only=True):
    """Which version of the policy is in force; earlier ones can be had.

    Attributes:
        published: Of the policy, as its maker dates it.
        changes_told: A change of what matters is shown to subjects.
    """

    published: str
    changes_told: bool


class Attested(Clause, tag="attested", frozen=True, kw_only=True):
    """What no program can see: somebody signs for it.

    Attributes:
        document: What is signed.
        valid: For how long.
    """

    document: str
    valid: timedelta
