"""A case: an open request, the officer who answers it, and whom it is about.

Whatever is done for a subject goes through one, so that nothing is done without a request that asks
for it, for somebody else than the request is about, or without an entry in the ledger.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

from jobs.office import Office
from jobs.subjects.subject import Subject
from schemas.acts import Act, Ground
from schemas.errors import PolicyError
from schemas.requests import Request, Right, open_request
from storage.ledger import Recorded


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
