"""On which grounds somebody may place a hold: those that makers' policies name."""

from collections.abc import Iterable

from jobs.subjects.roll import Listed
from schemas.errors import PolicyError
from schemas.policies import Policies, Policy
from schemas.policies.keeping import Hold


def check_ground(ground: str, devices: Iterable[Listed], policies: Policies) -> None:
    """Test that the policy of each device's maker lets somebody hold rows on a ground.

    A device of which nobody knows the maker any more may be held on the ground of any.

    Raises:
        PolicyError: One does not; names what may be said instead.
    """
    for policy in _of(devices, policies):
        asked = policies.all if policy is None else (policy,)
        allowed = sorted({name for one in asked for name in _grounds(one)})
        if ground not in allowed:
            whose = "" if policy is None else f" by the policy of {policy.vendor}"
            raise PolicyError(f"--ground: {' or '.join(allowed) or 'none'} is allowed{whose}")


def _of(devices: Iterable[Listed], policies: Policies) -> list[Policy | None]:
    """The policies that hold for some devices, each once; None where nobody knows which does."""
    known = [one.registration or one.former for one in devices]
    vendors = {one.vendor if one else "" for one in known}
    return [policies.of(vendor) if vendor else None for vendor in sorted(vendors)]


def _grounds(policy: Policy) -> set[str]:
    return {ground for clause in policy.of_kind(Hold) for ground in clause.grounds}
