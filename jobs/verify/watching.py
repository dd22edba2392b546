"""Opens the watch entries of every region, where these credentials have the ledger's key for it."""

from collections.abc import Iterable, Iterator, Mapping

from jobs import office
from jobs.verify.rows.watched import Watched, read_watched
from jobs.verify.scene import ACTED_ON, Bucket, Purpose, Scene
from jobs.verify.stored.listing import Listing
from schemas.errors import FortnightError
from schemas.ledger import Entry
from schemas.regions import Region
from storage.watches import WatchPath


def watched_in(scene: Scene, listings: Iterable[Listing]) -> Mapping[str, Watched]:
    """Region -> what its watch entries say; to be asked after all is listed, and before it is read.

    An erasure that is complete by then has taken everything away that is read from then on.
    """
    listed = {(one.region, one.bucket): one for one in listings}
    return {
        bucket.region: _watched(scene, bucket, listed[bucket.region, bucket.name])
        for bucket in scene.buckets
        if bucket.purpose is Purpose.ROWS
    }


def _watched(scene: Scene, bucket: Bucket, listing: Listing) -> Watched:
    if not listing.watches:
        return Watched()
    return read_watched(
        _there(bucket, map(WatchPath.parse, sorted(listing.watches))),
        scene.ledger_key(bucket.region),
        _entries(scene, Region(bucket.region)),
        before=bucket.now - ACTED_ON,
    )


def _there(bucket: Bucket, paths: Iterable[WatchPath]) -> Iterator[tuple[WatchPath, bytes]]:
    for path in paths:
        try:
            yield path, bucket.store.get(str(path))
        except KeyError:  # its hour came
            continue


def _entries(scene: Scene, region: Region) -> list[Entry]:
    """None where they cannot be read: then an erasure counts as pending for a day."""
    try:
        return office.open_ledger(scene.settings, region).entries()
    except FortnightError:
        return []
