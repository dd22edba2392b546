"""A case: an open request, the officer who answers it, and whom it is about.

Whatever is done for a subject goes through one, so that nothing is done without a request that asks
for it, for somebody else than the request is about, or without an entry in the ledger.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self

from jobs.office import Office
from jobs.subjects.roll import Roll
from jobs.subjects.subject import Jurisdiction, Named, Subject
from schemas.acts import Act, Ground, is_request
from schemas.errors import PolicyError, SettingsError
from schemas.regions import Residency
from schemas.requests import Request, Right, open_request, register
from storage.ledger import Recorded


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is meant, and the number of the request that is about them."""

    number: str
    named: Named

    @classmethod
    def parse(cls, line: str, number: str = "") -> Self:
        """Read `SUBJECT` or `R-2026-17 SUBJECT`.

        Args:
            number: Of the request, where the line does not say.

        Raises:
            SettingsError: It names no subject, or nobody names a request; it is not repeated.
        """
        first, _, rest = line.strip().partition(" ")
        own = first if is_request(first) else ""
        if not is_request(own or number):
            raise SettingsError("--request: a number such as R-2026-17, and no name")
        return cls(own or number, Named.parse(rest if own else line))


@dataclass(frozen=True, slots=True)
class Case:
    """One request at work."""

    office: Office
    request: Request
    subject: Subject

    @classmethod
    def open(
        cls,
        office: Office,
        requests: dict[str, Request],
        number: str,
        *,
        subject: Subject,
        rights: Collection[Right],
    ) -> Self:
        """Begin with a request.

        Args:
            office: Where, by whom, and when.
            requests: The region's register.
            number: Of the request.
            subject: Who is meant.
            rights: What it may ask for; an order of a court, or our own, may ask for anything,
                and need not name a subject.

        Raises:
            PolicyError: It is not open, asks for something else, or is about somebody else.
        """
        request = open_request(requests, number)
        if request.right not in (*rights, Right.ORDER):
            allowed = " or ".join(rights)
            raise PolicyError(f"request {number}: asks for {request.right}, and not for {allowed}")
        anybody = request.right is Right.ORDER and not request.subject
        if not anybody and request.subject != subject.tag:
            raise PolicyError(f"request {number}: it is not about this subject")
        return cls(office, request, subject)

    def act(self, name: str, **told: Any) -> Act:  # noqa: ANN401 - fields of Act
        """An act of the caller, for this request."""
        ordered = self.request.right is Right.ORDER
        why = Ground.ORDER if ordered else Ground.REQUEST
        return self.office.act(
            name, why, request=self.request.number, subject=self.subject.tag, **told
        )

    def tell(self, name: str, **told: Any) -> Recorded:  # noqa: ANN401 - fields of Act
        """Enter what was done: what was looked at, and what was changed.

        Raises:
            IntegrityError: The ledger is not what its anchor says: it was not told.
            RetryableError: It may be told, or not.
        """
        return self.office.record(self.act(name, **told))


def open_cases(
    office: Office,
    asked: Sequence[Asked],
    roll: Roll,
    *,
    residency: Residency,
    rights: Collection[Right],
) -> tuple[Case, ...]:
    """Begin with requests in the office's region: all of them, or none.

    Args:
        roll: What is told of the subjects' devices.

    Raises:
        PolicyError: One is not open, asks for something else, or is about somebody else.
        IntegrityError: The ledger was tampered with.
        RetryableError: A store does not answer.
    """
    here, requests = Jurisdiction(office.key, residency), register(office.ledger.entries())
    return tuple(
        Case.open(
            office, requests, one.number, subject=here.subject(one.named, roll), rights=rights
        )
        for one in asked
    )
