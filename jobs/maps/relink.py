"""How often a stored map gives a home away: maps of one home found among others by their walls.

An attacker has a map of a home, perhaps from another maker or another year, and looks for it among
stored ones, each under a pseudonym and a motion of its own: walls are laid over walls in every
place (by FFT) and every rotation and reflection, and the map that fits best is taken for the
home's. The rate is the share of maps for which that is right, each home counted once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.demo.fleet.home.floorplan import build
from jobs.maps.corpus import DEFAULT
from schemas.errors import SettingsError
from schemas.map_privacy import MapPrivacy, Motion
from schemas.tables.map_tiles import TILE

Cells = NDArray[np.uint8]
Spectrum = NDArray[np.complex64]
Grid = NDArray[np.float32]

OPTIONS: Mapping[str, MapPrivacy] = {
    "none": MapPrivacy(),
    "contour": MapPrivacy(contour=True),
    "grid2": MapPrivacy(grid=2),
    "grid4": MapPrivacy(grid=4),
    "grid8": MapPrivacy(grid=8),
    "grid16": MapPrivacy(grid=16),
    "moved": MapPrivacy(moved=True),
    "contour+grid8+moved": MapPrivacy(contour=True, grid=8, moved=True),
}
"""What is measured, as `FORTNIGHT_MAP_PRIVACY` has it."""

A_HOME = 6
"""Maps of one home, at most: some have dozens of snapshots, a minute apart."""

_POOL = 4
"""Cells a side that become one value: 20 cm, about what two maps of one home differ by."""

_SIDE = 256
"""Of the torus on which maps are laid over each other: 51 m, so that only halls meet themselves."""

_WALL = 2
_SEVERAL = 2
_ALL_TURNS = tuple(Motion(*(bool(n >> bit & 1) for bit in range(3))) for n in range(8))
_NO_TURN = _ALL_TURNS[:1]


@dataclass(frozen=True, slots=True)
class HomeMap:
    """A map, and whose.

    Attributes:
        home: The group that it belongs to.
        cells: (height, width) uint8 labels, cut on the tiles' lattice.
    """

    home: str
    cells: Cells


@dataclass(frozen=True, slots=True)
class Rates:
    """How many maps are found again, from 0 to 1.

    Attributes:
        turning: By who tries every rotation and reflection.
        plain: By who only shifts maps.
    """

    turning: float
    plain: float


def known_maps(folder: Path = DEFAULT) -> list[HomeMap]:
    """The real maps of a folder, up to `A_HOME` a home, spread over what there is.

    Raises:
        SettingsError: It has no `maps.npz` or no `PROVENANCE.txt`.
    """
    homes = _homes(folder)
    if not homes or not (folder / "maps.npz").exists():
        raise SettingsError("the folder of maps has no maps.npz, or nothing that says whose")
    names: dict[str, list[str]] = {}
    with np.load(folder / "maps.npz") as held:
        for name in held.files:
            if name in homes:
                names.setdefault(homes[name], []).append(name)
        return [
            HomeMap(home, _on_lattice(held[name], held[f"{name}__origin_yx"]))
            for home, found in sorted(names.items())
            for name in _spread(found)
        ]


def made_up(count: int) -> Iterator[HomeMap]:
    """Homes that do not exist, to look among."""
    for seed in range(count):
        yield HomeMap(f"made up {seed}", _on_lattice(build(seed).cells, (0, 0)))


def measure(
    maps: Sequence[HomeMap], others: Sequence[HomeMap], say: Callable[[str], object]
) -> dict[str, float]:
    """The re-link rate under each of `OPTIONS`, as figures; a minute each.

    Args:
        maps: Looked for, and among.
        others: Only looked among.
        say: Told of each option when it is done.
    """
    figures: dict[str, float] = {
        "maps": len(maps),
        "homes_looked_for": len(_sought(maps)),
        "homes_looked_among": len({one.home for one in [*maps, *others]}),
    }
    for name, options in OPTIONS.items():
        rates = rate(maps, others, options)
        say(f"{name}: {rates.turning:.0%}, without turning {rates.plain:.0%}")
        figures |= {
            f"{name}_relinked_percent": round(100 * rates.turning, 1),
            f"{name}_relinked_without_turning_percent": round(100 * rates.plain, 1),
        }
    return figures


def rate(maps: Sequence[HomeMap], others: Sequence[HomeMap], options: MapPrivacy) -> Rates:
    """How many maps are found again when all are stored under these options.

    Each map is stored as if it were of a device of its own: it has a motion of its own.
    """
    stored = [
        _obscured(one.cells, options, f"device {number}")
        for number, one in enumerate([*maps, *others])
    ]
    homes = np.array([one.home for one in [*maps, *others]])
    spectra = np.stack([_spectrum(_walls(cells)) for cells in stored])
    sought = [number for number, one in enumerate(maps) if one.home in _sought(maps)]
    found: dict[tuple[Motion, ...], list[bool]] = {_ALL_TURNS: [], _NO_TURN: []}
    for number in sought:
        scores = np.stack([_fits(stored[number], turn, spectra) for turn in _ALL_TURNS])
        scores[:, number] = 0  # not itself
        for turns, hits in found.items():
            best = homes[scores[: len(turns)].max(axis=0).argmax()]
            hits.append(bool(best == homes[number]))
    return Rates(*(_each_home_once(homes[sought], hits) for hits in found.values()))


def _homes(folder: Path) -> dict[str, str]:
    """Map -> the home that it is of, as far as anybody tells."""
    provenance = folder / "PROVENANCE.txt"
    if not provenance.exists():
        return {}
    lines = (line.split(" | ") for line in provenance.read_text("utf-8").splitlines())
    return {line[0]: line[1] for line in lines if len(line) > 1}


def _each_home_once(homes: NDArray[np.str_], hits: Sequence[bool]) -> float:
    return float(np.mean([np.array(hits)[homes == home].mean() for home in np.unique(homes)]))


def _sought(maps: Sequence[HomeMap]) -> set[str]:
    homes = [one.home for one in maps]
    return {home for home in homes if homes.count(home) >= _SEVERAL}


def _spread(names: Sequence[str]) -> list[str]:
    places = np.linspace(0, len(names) - 1, min(len(names), A_HOME)).round().astype(int)
    return [names[place] for place in places]


def _on_lattice(cells: Cells, origin: Sequence[int]) -> Cells:
    """The map with as much unknown around it as makes it whole tiles."""
    before = [int(start) % TILE for start in origin]
    pads = [(b, -(b + n) % TILE) for b, n in zip(before, cells.shape, strict=True)]
    return np.pad(cells, pads)


def _obscured(cells: Cells, options: MapPrivacy, device: str) -> Cells:
    motion = Motion.of(device, b"any key") if options.moved else Motion()
    return np.asarray(motion.turned(options.coarsened(cells[None]))[0])


def _walls(cells: Cells) -> Grid:
    """(height / 4, width / 4) share of wall; unit length."""
    height, width = cells.shape
    squares = (cells == _WALL).reshape(height // _POOL, _POOL, width // _POOL, _POOL)
    walls = squares.mean(axis=(1, 3), dtype=np.float32)
    return np.asarray(walls / max(float(np.linalg.norm(walls)), 1e-9))


def _spectrum(walls: Grid) -> Spectrum:
    return np.fft.rfft2(walls, (_SIDE, _SIDE)).astype(np.complex64)


def _fits(cells: Cells, turn: Motion, spectra: Spectrum) -> NDArray[np.float32]:
    """(n,) cosine between the walls of a map and of each other one, where they fit best."""
    mine = _spectrum(_walls(turn.turned(cells[None])[0]))
    return np.array(
        [np.fft.irfft2(other * mine.conj(), (_SIDE, _SIDE)).max() for other in spectra], np.float32
    )
