"""All versions of all tiles of a batch, told one after the other: the newest, then backwards."""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from storage.tiles.model import latest, vocabulary
from storage.tiles.model.canvas import Canvas, Change
from storage.tiles.model.decisions import Coder, Ints
from storage.tiles.model.sheets import SIDE, Chains
from storage.tiles.model.updates import Updates

Tiles = NDArray[np.uint8]

_CELLS = SIDE * SIDE
_AT_ONCE = 32
"""Tiles copied together, 128 KiB."""


def tell(chains: Chains, coder: Coder, tiles: Tiles) -> None:
    """Answer every question about the tiles, as `untell` will ask them.

    Args:
        chains: Where the tiles lie.
        coder: Takes the answers.
        tiles: (n, 64, 64) uint8 labels, sorted as the chains say.
    """
    depths = list(_depths(chains))
    changes = [_difference(chains, tiles, active, rows) for active, rows in depths]
    newest = tiles[chains.latest]
    labels = [
        (active[change.tile], change.labels)
        for (active, _), change in zip(depths, changes, strict=True)
    ]
    truth = vocabulary.observe(chains, newest, labels)
    words = vocabulary.tell(chains, coder, truth)
    canvas = Canvas(chains, latest.code(chains, coder, words, newest))
    updates = Updates(chains, canvas, coder, words)
    for (active, _), change in zip(depths, changes, strict=True):
        updates.tell(active, change)


def untell(chains: Chains, coder: Coder, tiles: Tiles, place: Ints) -> None:
    """Put the tiles that the coder's answers make into their places.

    Args:
        chains: Where the tiles lie.
        coder: Has the answers.
        tiles: (k, 64, 64) uint8, contiguous; filled where the chains' rows belong.
        place: (n,) where each of the n rows belongs.
    """
    words = vocabulary.tell(chains, coder, None)
    labels = latest.code(chains, coder, words, None)
    tiles[place[chains.latest]] = cut(chains, labels)
    updates = Updates(chains, Canvas(chains, labels), coder, words)
    flat = tiles.reshape(-1)
    for active, rows in _depths(chains):
        change = updates.tell(active)
        to = place[rows]
        _copy(tiles, place[rows + 1], to)
        y, x = np.divmod(change.cells - chains.base[active[change.tile]], chains.stride)
        flat[to[change.tile] * _CELLS + y * SIDE + x] = change.labels


def _copy(tiles: Tiles, source: Ints, to: Ints) -> None:
    """Copy tiles, so few at once that they stay in a core's own cache on their way."""
    for begin in range(0, len(to), _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        tiles[to[some]] = tiles[source[some]]


def untell_latest(chains: Chains, coder: Coder) -> Tiles:
    """(c, 64, 64) the newest version of every tile, as the coder's answers make it."""
    words = vocabulary.tell(chains, coder, None)
    return cut(chains, latest.code(chains, coder, words, None))


def tell_latest(chains: Chains, coder: Coder, tiles: Tiles) -> None:
    """Answer the questions about the newest versions only: (c, 64, 64) labels."""
    words = vocabulary.tell(chains, coder, vocabulary.observe(chains, tiles, []))
    latest.code(chains, coder, words, tiles)


def cut(chains: Chains, labels: NDArray[np.uint8]) -> Tiles:
    """(c, 64, 64) the tiles as they are on the canvas."""
    windows = sliding_window_view(labels.reshape(-1, chains.stride), (SIDE, SIDE))
    return windows[np.divmod(chains.base, chains.stride)]


def _depths(chains: Chains) -> Iterator[tuple[Ints, Ints]]:
    """From newest but one to oldest: the chains that have such a version, and its rows."""
    for depth in range(1, int(chains.length.max(initial=0))):
        active = np.flatnonzero(chains.length > depth)
        yield active, chains.latest[active] - depth


def _difference(chains: Chains, tiles: Tiles, active: Ints, rows: Ints) -> Change:
    older = tiles[rows]
    place = np.flatnonzero(older != tiles[rows + 1])
    tile, inside = np.divmod(place, _CELLS)
    cells = chains.base[active[tile]] + inside // SIDE * chains.stride + inside % SIDE
    return Change(cells, older.reshape(-1)[place], tile)
