"""From settings to holds: each region's keeper, and what its officers need."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from jobs.expire import Keep
from jobs.holds.keeping import Keeper
from schemas.errors import SettingsError
from schemas.hold_record import HoldRecord
from schemas.holds import lasting
from schemas.ledger import Entry
from schemas.regions import Region
from schemas.settings import PREFIX, Settings
from storage.holds import read_records, signs_in
from storage.lake import Destination
from storage.log import DataFile
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
        SettingsError: A hold lasts, and the settings name no bucket for copies, or another one.
        RetryableError: A store does not answer.
    """
    bucket = open_stores(settings, settings.holds).get(region)
    if bucket is None and (held := lasting(entries)):
        raise SettingsError(_no_bucket(region, held[0].name))
    see_signs(region, open_stores(settings)[region], bucket)


def see_signs(region: Region, rows: ObjectStore, bucket: ObjectStore | None) -> None:
    """See that copies are made of whatever has the sign of a hold; costs one listing.

    It reads no ledger, so that upkeep can ask it: `expire` must not depend on its settings alone.

    Args:
        rows: The region's bucket of rows.
        bucket: The one for copies; None where the settings name none.

    Raises:
        SettingsError: A hold lasts, and there is no bucket for copies, or another hold's.
        RetryableError: A store does not answer.
    """
    held = signs_in(rows)
    if held and bucket is None:
        raise SettingsError(_no_bucket(region, min(held)))
    if held and bucket is not None:
        unknown = held - {hold.name for hold in read_records(bucket)}
        if unknown and (still := unknown & signs_in(rows)):  # else it was released meanwhile
            raise SettingsError(
                f"{PREFIX}HOLDS: {bucket.url} has no record of {min(still)}, which lasts in region "
                f"{region}: is it the bucket that officers use? Held rows would go without a copy"
            )


def keep_of(region: Region, rows: ObjectStore, keeper: Keeper | None) -> Keep:
    """What is done with files of a region before they are dropped: held rows in them are copied.

    Raises (what is returned):
        SettingsError: A hold lasts, and nobody says where copies go: nothing may be dropped.
    """

    def keep(destination: Destination, files: Sequence[DataFile]) -> int:
        see_signs(region, rows, keeper.store if keeper else None)
        return keeper.keep_files(destination, files) if keeper else 0

    return keep


def hold_bucket(settings: Settings, region: Region) -> ObjectStore:
    """A region's hold bucket.

    Raises:
        SettingsError: It has none.
    """
    store = open_stores(settings, settings.holds).get(region)
    if store is None:
        raise SettingsError(f"{PREFIX}HOLDS: names no bucket for region {region}")
    return store


def _no_bucket(region: Region, hold: str) -> str:
    return (
        f"{PREFIX}HOLDS: names no bucket for region {region}, where {hold} lasts: held rows would "
        "go without a copy. Set it as officers have it"
    )


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
