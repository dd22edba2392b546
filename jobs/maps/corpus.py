"""A corpus of map tiles: real and simulated runs of robots, in a folder beside the project.

The maps show real homes. They are read where they lie; nothing of them but statistics, the
context table, goes into the project.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schemas.errors import SettingsError
from storage.tiles.keys import Ints, Keys

Tiles = NDArray[np.uint8]

DEFAULT = Path("../shared/maps/public")
"""Relative to the repository."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Tile versions, sorted as tables are.

    Attributes:
        keys: What the rows are.
        tiles: (n, 64, 64) uint8 labels.
        seconds: (n,) when each version was seen, from the start of its run.
        homes: The home that each device's maps are of, by device number.
    """

    keys: Keys
    tiles: Tiles
    seconds: Ints
    homes: tuple[str, ...]

    def __getitem__(self, rows: Ints) -> "Corpus":
        """Those rows; devices keep their numbers, and so the homes theirs."""
        return Corpus(self.keys[rows], self.tiles[rows], self.seconds[rows], self.homes)

    def turned(self, symmetry: int) -> "Corpus":
        """The same maps, reflected and turned in one of eight ways; 0 leaves them as they are."""
        tiles, y, x = self.tiles, self.keys.tile_y, self.keys.tile_x
        if symmetry & 1:
            tiles, x = tiles[:, :, ::-1], -x
        if symmetry & 2:
            tiles, y = tiles[:, ::-1], -y
        if symmetry & 4:
            tiles, y, x = tiles.swapaxes(1, 2), x, y
        keys = self.keys
        order = np.lexsort((keys.version, x, y, keys.map, keys.device))
        columns = (keys.device, keys.map, y, x, keys.version)
        turned = Keys(*(column[order] for column in columns))
        return Corpus(turned, tiles[order], self.seconds[order], self.homes)


def load(folder: Path) -> Corpus:
    """Read a corpus: `tiles64.npz`, and `streams.json` and `PROVENANCE.txt` where they are.

    Raises:
        SettingsError: The folder holds none.
    """
    try:
        with np.load(folder / "tiles64.npz") as held:
            columns = {name: held[name] for name in held.files}
    except OSError as error:
        raise SettingsError("the folder of maps has no tiles64.npz") from error
    names = ("dev", "map", "ty", "tx", "ver")
    keys = Keys(*(columns[name].astype(np.int64) for name in names))
    devices = int(keys.device.max()) + 1
    return Corpus(keys, columns["tiles"], columns["t"].astype(np.int64), _homes(folder, devices))


def _homes(folder: Path, devices: int) -> tuple[str, ...]:
    """Home groups by device; a device that nobody tells about is a home of its own."""
    homes = [f"device {i}" for i in range(devices)]
    streams, provenance = folder / "streams.json", folder / "PROVENANCE.txt"
    if streams.exists() and provenance.exists():
        lines = (line.split(" | ") for line in provenance.read_text("utf-8").splitlines())
        group = {line[0]: line[1] for line in lines if len(line) > 1}
        for device, _, maps, *_ in json.loads(streams.read_text("utf-8")):
            first = maps[0] if isinstance(maps, list) else maps
            homes[device] = group.get(first, homes[device])
    return tuple(homes)
