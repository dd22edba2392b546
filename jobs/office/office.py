"""An officer at work: who calls, and the ledger in which the act is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs import private_files
from schemas.acts import Act, Caller, is_request
from schemas.errors import SettingsError
from schemas.ledger_keys import LedgerKey, LedgerKeys
from schemas.regions import Region
from schemas.settings import Settings
from storage.caller import caller
from storage.ledger import Ledger, Recorded
from storage.places import open_anchors, open_stores
from storage.wrapping import wrapping_of


@dataclass(frozen=True, slots=True)
class Office:
    """One region's ledger, and whoever acts there now.

    Attributes:
        now: When the command began, UTC.
    """

    ledger: Ledger
    key: LedgerKey = field(repr=False)
    caller: Caller
    now: datetime

    @property
    def region(self) -> Region:
        """Whose ledger it is."""
        return self.ledger.region

    def act(self, name: str, why: str, *, request: str = "", **told: Any) -> Act:  # noqa: ANN401 - fields of Act
        """An act of the caller.

        Raises:
            SettingsError: The request has no number.
        """
        if request and not is_request(request):
            raise SettingsError("--request: a number such as R-2026-17, and no name")
        return Act(name=name, by=self.caller, why=str(why), request=request, **told)

    def check(self) -> None:
        """See that an act can be told before it is done: both stores answer, and nothing was cut.

        Raises:
            IntegrityError: The ledger is not what its anchor says.
            RetryableError: A store does not answer.
        """
        self.ledger.anchor(self.key)

    def record(self, act: Act) -> Recorded:
        """Tell an act that was done.

        Raises:
            IntegrityError: The ledger is not what its anchor says: it was not told.
            RetryableError: It may be told, or not.
        """
        return self.ledger.append(act, self.key, self.now)


def key_file(settings: Settings) -> Path:
    """Where the ledgers' keys are."""
    return Path(settings.ledger_key or f"{settings.keyring}.ledger-key")


def make_keys(settings: Settings, environment: Mapping[str, str]) -> bool:
    """Make the ledgers' keys; whether they were made: False where there are some, which stay.

    Raises:
        SettingsError: The file cannot be written, or nothing wraps.
    """
    path = key_file(settings)
    if path.exists():
        return False
    regions = [place.region for place in settings.regions]
    keys = LedgerKeys.generate(regions, wrapping_of(settings, environment))
    return private_files.create(path, keys.format())


def public_keys(settings: Settings) -> bytes:
    """A file of the ledgers' public keys alone, for whoever proves ledgers and acts in none.

    Raises:
        SettingsError: There are no keys of the ledger.
    """
    return _keys(settings).without_secrets().format()


def open_ledger(settings: Settings, region: Region) -> Ledger:
    """A region's ledger to be read; that takes no secret.

    Raises:
        SettingsError: There are no keys of the ledger, or the region is not served.
    """
    public = _keys(settings).public.get(region)
    stores = open_stores(settings)
    if public is None or region not in stores:
        raise SettingsError(f"region {region}: it is not served, or its ledger has no key")
    return Ledger(region, stores[region], open_anchors(region, settings), public)


def open_office(
    settings: Settings,
    environment: Mapping[str, str],
    region: Region,
    *,
    now: datetime,
    claimed: str = "",
) -> Office:
    """Begin to act in a region.

    Args:
        claimed: Who the caller says to be; see `storage.caller.caller`.

    Raises:
        PolicyError: The caller is somebody else.
        SettingsError: Nothing opens the ledger's key, or the region is not served.
        RetryableError: AWS does not answer.
    """
    ledger = open_ledger(settings, region)
    key = _keys(settings).open(region, wrapping_of(settings, environment))
    return Office(ledger, key, caller(settings, environment, claimed=claimed), now)


def _keys(settings: Settings) -> LedgerKeys:
    path = key_file(settings)
    if not path.exists():
        raise SettingsError(
            f"{path}: no key of the ledgers. Are FORTNIGHT_KEYRING and FORTNIGHT_LEDGER_KEY right? "
            "Only where there is no ledger yet, `fortnight ledger new` makes one"
        )
    data = private_files.read(path)
    try:
        return LedgerKeys.parse(data)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error
