"""A question that is asked of every row of a table, in SQL, and its answer."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Self

from jobs.verify.verdict import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What must hold for rows.

    The SQL sees a row's columns, and beside them what `rows/scan.py` says of it.

    Attributes:
        table: Whose rows are asked.
        checked: What, as a sentence.
        of: SQL: the rows that it is about.
        broken: SQL: those of them that break the promise.
        what: What is wrong with such rows, a fixed phrase.
        registry: Whether it needs to know who the rows' devices are.
    """

    table: str
    checked: str
    of: str
    broken: str
    what: str
    registry: bool = False

    @property
    def sql(self) -> str:
        """What finds the rows that break it."""
        return f"select * from {self.table} where ({self.of}) and ({self.broken})"  # noqa: S608 - to be read


@dataclass(slots=True)
class Answers:
    """What rows said.

    Attributes:
        of: Question -> how many rows it was about, and the files with rows that break it.
        rows: Table -> rows looked at.
        unread: Files that could not be read, and why.
        refused: Why no row could be asked about its device; empty where they could.
    """

    of: dict[Question, Tally] = field(default_factory=lambda: defaultdict(Tally))
    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unread: dict[str, str] = field(default_factory=dict)
    refused: str = ""

    def take(self, question: Question, place: str, about: int, broken: int) -> None:
        """Add what one file's rows said."""
        tally = self.of[question]
        tally.looked_at += about
        if broken:
            tally.add(place, f"{broken} rows: {question.what}")

    def __iadd__(self, other: "Answers") -> Self:
        """With what rows of other files said."""
        for question, tally in other.of.items():
            self.of[question] += tally
        for table, rows in other.rows.items():
            self.rows[table] += rows
        self.unread |= other.unread
        self.refused = self.refused or other.refused
        return self
