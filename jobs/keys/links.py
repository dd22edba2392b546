"""Links across a rotation, made by an officer for the time in which there is something to join.

Only of devices that are registered now, in a country of the region, and that have rows under both
versions; never from a version that was retired because somebody may know it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow.compute as pc

from jobs.kafka import Cluster
from jobs.keys.rotation import ROTATE
from jobs.office import Office
from jobs.subjects.roll import read
from schemas.acts import Ground
from schemas.keyring import Key, Keyring, KeyState
from schemas.ledger import Entry
from schemas.privacy import Domain, domain_key, pseudonyms
from schemas.regions import Region, Residency
from schemas.retention import FORTNIGHT
from storage.lake import Destination
from storage.links import LinkPath, put_link
from storage.store import ObjectStore

ACT = "keys link"


@dataclass(frozen=True, slots=True)
class Link:
    """A link to be made.

    Attributes:
        pairs: Pseudonym under the retired version -> under the current one.
    """

    path: LinkPath
    pairs: Mapping[str, str]


def plan(
    devices: Sequence[str],
    keyring: Keyring,
    office: Office,
    entries: Iterable[Entry],
    seen: frozenset[str],
) -> list[Link]:
    """The links that may be made in the office's region.

    Args:
        devices: Ids of those that are registered there.
        keyring: Its secrets of that region opened.
        office: Where, and when.
        entries: Of its ledger.
        seen: Pseudonyms that rows have.
    """
    current = keyring.current(office.region)
    spoilt = _compromised(entries)
    found = []
    for key in keyring.live(office.region):
        retired = key.since.get(KeyState.RETIRED)
        if key.state is not KeyState.RETIRED or retired is None or key.version in spoilt:
            continue
        if (expires := retired + FORTNIGHT) > office.now:
            pairs = zip(_names(devices, key), _names(devices, current), strict=True)
            both = {before: after for before, after in pairs if {before, after} <= seen}
            path = LinkPath(_hour(expires), key.version, current.version)
            found.append(Link(path, both))
    return found


def make(
    office: Office, links: Sequence[Link], store: ObjectStore, *, devices: int
) -> Iterator[str]:
    """Put links, and tell it in the ledger; each in words. Safe to repeat.

    Raises:
        RetryableError: A store does not answer; call again.
    """
    office.check()
    for link in links:
        put_link(store, link.path, link.pairs)
        path = link.path
        act = office.act(
            ACT,
            Ground.SCHEDULE,
            scope={"before": str(path.before), "after": str(path.after)},
            looked_at={"devices": devices},
            changed={"links": len(link.pairs)},
        )
        office.record(act)
        yield f"{store.url}/{path}: {len(link.pairs)} devices"


def registered(cluster: Cluster, region: Region, residency: Residency) -> list[str]:
    """Ids of the devices that are registered now in a region's countries: never to be kept.

    Raises:
        RetryableError: Kafka does not answer.
    """
    roll = read(cluster, lambda listed: listed.registration is not None)
    said = [one.registration for one in roll.devices.values() if one.registration]
    return [one.device for one in said if residency.regions.get(one.country) == region]


def seen_in(destinations: Iterable[Destination]) -> frozenset[str]:
    """Every device's pseudonym that a row has."""
    found: set[str] = set()
    for destination in destinations:
        if "device" in destination.table.schema.names:
            for batch in destination.dataset().to_batches(columns=["device"]):
                found.update(pc.unique(batch["device"]).to_pylist())
    return frozenset(found)


def _names(devices: Sequence[str], key: Key) -> list[str]:
    return pseudonyms(devices, domain_key(key.secret, Domain.DEVICE), key.version)


def _compromised(entries: Iterable[Entry]) -> set[int]:
    """Versions that were retired because somebody may know them."""
    return {
        int(entry.act.scope["retired"])
        for entry in entries
        if entry.act.name == ROTATE and entry.act.why == Ground.COMPROMISE
    }


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
