"""A subject complains: it is entered, and the subject is told where else to go.

The law's own words: GDPR Art. 77 and 12(4), the UK's Data Protection Act 2018 s. 165, China's PIPL
Art. 65. The United States have no such authority for all; states have.
"""

from collections.abc import Iterator, Mapping

from jobs.subjects.case import Case
from jobs.subjects.roll import Roll
from schemas.policies import Policies
from schemas.policies.answering import Right as Clause
from schemas.regions import Region

ACT = "subject complain"

AUTHORITIES: Mapping[Region, str] = {
    Region("eu"): (
        "the supervisory authority where the subject lives, works, or was wronged (GDPR Art. 77): "
        "https://www.edpb.europa.eu/about-edpb/about-edpb/members_en"
    ),
    Region("uk"): (
        "the Information Commissioner (UK GDPR Art. 77; Data Protection Act 2018 s. 165): "
        "https://ico.org.uk/make-a-complaint/"
    ),
    Region("us"): (
        "the attorney general of the subject's state, or the Federal Trade Commission: "
        "https://reportfraud.ftc.gov; no federal law gives a right to be answered"
    ),
    Region("cn"): (
        "the cyberspace administration, or another department with duties of protection "
        "(PIPL Art. 60, 65): https://www.12377.cn"
    ),
}
"""Region -> who hears complaints of its subjects."""

_LAW = (
    "The subject is told within a month what was done about it, or why nothing was, and that an "
    "authority and the courts can be asked (GDPR Art. 12(3), 12(4))."
)


def complain(case: Case, roll: Roll) -> Iterator[str]:
    """Enter a complaint; what the subject has to be told, in words.

    Raises:
        RetryableError: A store does not answer: it may be entered, or not.
    """
    case.tell(ACT, looked_at={"devices": len(case.subject.devices)})
    yield f"{case.request.number}: entered; an answer is due on {case.request.due}"
    region = case.office.region
    yield f"  authority: {AUTHORITIES.get(region, 'nobody here knows; ask counsel')}"
    yield f"  law: {_LAW}"
    for vendor in sorted(_vendors(case, roll)):
        yield from (f"  {vendor}: {rule}" for rule in _promised(vendor))


def _vendors(case: Case, roll: Roll) -> set[str]:
    listed = [roll.of(device) for device in case.subject.devices]
    said = [one.registration or one.former for one in listed]
    return {one.vendor for one in said if one}


def _promised(vendor: str) -> Iterator[str]:
    """What the maker's policy says of complaints."""
    policy = Policies.shipped().of(vendor)
    for clause in policy.of_kind(Clause) if policy else ():
        if clause.right == "complain":
            where = "; ".join(
                f"{section}, {', '.join(map(str, sentences))}"
                for section, sentences in clause.source.items()
            )
            yield f"{clause.rule} ({where}; within {clause.due.days} days)"
