"""The dance of an act that takes two persons: proposed, approved by another, done by its proposer.

Whoever does such an act asks `standing` first, calls `propose` where nobody has approved it yet,
and otherwise does it and enters what `Standing.told` makes of it: that uses the approval up.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from jobs.office import Office
from schemas.acts import Act, Caller
from schemas.approvals import proposal_of, proposals
from schemas.ledger import Entry


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an act came.

    Attributes:
        digest: Of the act, which a second person has to approve.
        approver: Who did, as long as that holds; None for nobody.
        is_proposed: Whether its proposal, and its approval, still hold.
    """

    digest: str
    approver: Caller | None
    is_proposed: bool

    def told(self, act: Act) -> Act:
        """The act as it is entered once it is done."""
        return replace(act, concerns=self.digest, approver=self.approver)

    def __str__(self) -> str:
        return (
            f"proposed: a second person has to say `fortnight approve {self.digest[:12]}` within a "
            "week; then the same command does it"
        )


def standing(office: Office, act: Act, entries: Iterable[Entry]) -> Standing:
    """How far an act of the office came.

    Args:
        entries: Of its ledger.
    """
    digest = act.digest(office.region)
    known = proposals(entries).get(digest)
    if known is None or known.is_over(office.now):
        return Standing(digest, None, is_proposed=False)
    return Standing(digest, known.approver(office.now), is_proposed=True)


def propose(office: Office, act: Act, found: Standing) -> None:
    """Enter the proposal of an act, unless one waits already.

    Raises:
        IntegrityError: The ledger is not what its anchor says.
        RetryableError: It may be entered, or not: call again.
    """
    if not found.is_proposed:
        office.record(proposal_of(act, office.region))
