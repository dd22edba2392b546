"""In a demo whoever started it signs for what no program can see, and says what that is worth."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from jobs import office
from jobs.office import assurances
from schemas.policies import Policies
from schemas.settings import Settings

_WORTH = """This is a demonstration on one machine. There are no suppliers, no staff and no training
here; whoever started it signs, so that a report shows how that looks.
"""


def vouch(settings: Settings, environment: Mapping[str, str], file: Path, now: datetime) -> None:
    """Write what is signed, and sign it for every clause that needs it, in every region's ledger.

    Args:
        file: The document; only its digest goes into the ledgers.
        now: UTC.

    Raises:
        RetryableError: A store does not answer.
    """
    policies = Policies.shipped(settings.default_policy)
    file.write_text(_WORTH, "utf-8")
    for place in settings.regions:
        officer = office.open_office(settings, environment, place.region, now=now)
        for clause in assurances.to_attest(policies):
            assurances.attest(officer, clause, _WORTH.encode(), policies)
