"""From settings to holds: each region's keeper, and what its officers need."""

from collections.abc import Callable, Iterable, Mapping

from jobs.holds.keeping import Keeper
from schemas.errors import SettingsError
from schemas.hold_record import HoldRecord
from schemas.holds import lasting
from schemas.ledger import Entry
from schemas.regions import Region
from schemas.settings import PREFIX, Settings
from storage.places import open_stores
from storage.store import ObjectStore
from storage.wrapping import wrapping_of


def keepers(settings: Settings, environment: Mapping[str, str]) -> dict[Region, Keeper]:
    """Who copies held rows, by region; none for a region that has no hold bucket.

    The passphrase, or KMS, is asked for only where there are rows to be copied.
    """
    stores = open_stores(settings, settings.holds)
    unwrap = _unwrapping(settings, environment)
    return {region: Keeper(store, unwrap) for region, store in stores.items()}


def see_that_it_copies(settings: Settings, region: Region, entries: Iterable[Entry]) -> None:
    """See that whatever is held in a region is copied before it goes.

    Args:
        entries: Of its ledger.

    Raises:
        SettingsError: A hold lasts, and the settings name no bucket for copies.
    """
    kept = {place.region for place in settings.holds}
    if region not in kept and (held := lasting(entries)):
        raise SettingsError(
            f"{PREFIX}HOLDS: names no bucket for region {region}, where {held[0].name} lasts: "
            "held rows would go without a copy"
        )


def hold_bucket(settings: Settings, region: Region) -> ObjectStore:
    """A region's hold bucket.

    Raises:
        SettingsError: It has none.
    """
    store = open_stores(settings, settings.holds).get(region)
    if store is None:
        raise SettingsError(f"{PREFIX}HOLDS: names no bucket for region {region}")
    return store


def _unwrapping(
    settings: Settings, environment: Mapping[str, str]
) -> Callable[[HoldRecord], bytes]:
    opened: dict[str, bytes] = {}

    def unwrap(hold: HoldRecord) -> bytes:
        sealed = str(hold.wrapped)  # another key, where a name was used again
        if sealed not in opened:
            wrapping = wrapping_of(settings, environment)
            opened[sealed] = wrapping.unwrap(hold.wrapped, hold.label)
        return opened[sealed]

    return unwrap
