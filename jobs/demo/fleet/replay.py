"""Real maps as a fleet's records: a corpus of tile versions, and a robot's own map files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

import numpy as np

from jobs import valetudo
from jobs.demo.fleet.firmware import Firmware
from jobs.demo.fleet.plan import Plan
from jobs.demo.fleet.records import Record
from jobs.demo.fleet.registrations import VENDORS, Owner, owner_of
from jobs.demo.fleet.simulation import fate_of, registered
from schemas.errors import SettingsError
from schemas.tables import MAP_TILES
from schemas.tables.map_tiles import MapTile

_CORPUS, _FILES = 1_000_000, 2_000_000
"""Robots of real maps have indices of their own, so that they are nobody else."""


@dataclass(frozen=True, slots=True)
class Replay:
    """How real maps are played.

    Attributes:
        plan: The seed, countries and regions served.
        start: When the first record is due.
        rate: Records a second.
    """

    plan: Plan
    start: datetime
    rate: float

    def corpus(self, folder: Path) -> Iterator[Record]:
        """Every tile version of a corpus, in its order, each device's registration first.

        Args:
            folder: Has a `tiles64.npz` somewhere: arrays `tiles` (n, 64, 64) uint8 labels, and
                (n,) integers `dev`, `map`, `ty`, `tx`, `ver`.

        Raises:
            SettingsError: There is none.
        """
        found = sorted(folder.rglob("tiles64.npz"))
        if not found:
            raise SettingsError(f"--maps: no tiles64.npz in {folder}")
        with np.load(found[0]) as corpus:
            columns = [corpus[name].tolist() for name in ("dev", "map", "ty", "tx", "ver")]
            cells = corpus["tiles"]
        owners = {device: self._owner(_CORPUS + device) for device in columns[0]}
        tiles = (
            MapTile(
                device=owners[device].device,
                event_time=0,
                map=f"map-{device}-{name}",
                tile_x=x,
                tile_y=y,
                version=version,
                encoding="raw",
                cells=tile.tobytes(),
            )
            for device, name, y, x, version, tile in zip(*columns, cells, strict=True)
        )
        return self._records(list(owners.values()), tiles)

    def files(self, documents: Sequence[bytes]) -> Iterator[Record]:
        """The maps of robots that run Valetudo, as an adapter on them would send them.

        Args:
            documents: Each a robot's own map JSON; every one is a robot of its own.

        Raises:
            RecordError: One is not such a map.
        """
        owners = [self._owner(_FILES + index) for index in range(len(documents))]
        maps = [valetudo.read(document) for document in documents]
        tiles = chain.from_iterable(
            valetudo.tiles(one, device=owner.device, name="map", version=0, event_time=0)
            for owner, one in zip(owners, maps, strict=True)
        )
        return self._records(owners, tiles)

    def _owner(self, index: int) -> Owner:
        """Somebody who consents to everything; no policy of the vendor withholds a map."""
        owner = owner_of(self.plan.seed, index, VENDORS[:1], self.plan.countries)
        return replace(owner, consents=(True,) * len(owner.consents))

    def _records(self, owners: Sequence[Owner], tiles: Iterator[MapTile]) -> Iterator[Record]:
        yield from (registered(owner, 0.0, self.start) for owner in owners)
        known = {owner.device: owner for owner in owners}
        firmwares = {device: self._firmware(i) for i, device in enumerate(known)}
        for index, tile in enumerate(tiles):
            owner, firmware = known[tile.device], firmwares[tile.device]
            after = index / self.rate
            now = self.start + timedelta(seconds=after)
            fields = firmware.fields(firmware.stamped(tile, now), owner)
            yield Record(
                after,
                MAP_TILES.topic,
                tile.device.encode(),
                firmware.encode(fields),
                firmware.headers,
                fate_of(owner, MAP_TILES.topic, self.plan.served),
            )

    def _firmware(self, index: int) -> Firmware:
        rng = np.random.default_rng([self.plan.seed, index, 5])
        return Firmware.draw(rng, wrong_clocks=0, unknown_fields=0)
