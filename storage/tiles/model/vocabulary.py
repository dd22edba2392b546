"""Which labels there are: on all maps of a device, and in the newest version of each tile.

Told before anything else. It keeps later questions few: a cell is never asked whether it has a
label that its tile does not hold.
"""

from dataclasses import dataclass

import numpy as np

from storage.tiles.model.decisions import Bits, Coder, Ints, Question
from storage.tiles.model.labels import Labels
from storage.tiles.model.sheets import SIDE, UNIT, Chains

_LABELS = 256
_PER_TILE = SIDE // UNIT
_TOLD = 32
"""Labels that have a context of their own; 31 segments are what robots know."""
_FIRST_TURN = 5


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Labels that there are: (d, 256) on all maps of a device, (c, 256) in each newest tile."""

    device: Bits
    tile: Bits


def observe(chains: Chains, newest: Labels, changes: list[tuple[Ints, Labels]]) -> Vocabulary:
    """What the encoder knows.

    Args:
        chains: Where the tiles lie.
        newest: (c, 64, 64) labels.
        changes: (m,) chain and (m,) label of cells that older versions change.
    """
    c = len(chains.base)
    flat = np.repeat(np.arange(c) * _LABELS, SIDE * SIDE) + newest.reshape(-1)
    tile = np.bincount(flat, minlength=c * _LABELS).reshape(c, _LABELS) > 0
    device = np.zeros((chains.devices, _LABELS), bool)
    np.logical_or.at(device, chains.chunk, tile)
    for chain, label in changes:
        device[chains.chunk[chain], label] = True
    return Vocabulary(device, tile)


def tell(chains: Chains, coder: Coder, truth: Vocabulary | None) -> Vocabulary:
    """Tell the labels; `truth` is the encoder's."""
    known = truth or Vocabulary(np.zeros((0, 0), bool), np.zeros((0, 0), bool))
    chunk, label = np.divmod(np.arange(chains.devices * _LABELS), _LABELS)
    device = coder(Question.DEVICE_HAS, [label], chunk, known.device.ravel)
    device = device.reshape(chains.devices, _LABELS)
    return Vocabulary(device, _tell_tiles(chains, coder, device, known))


def _tell_tiles(chains: Chains, coder: Coder, device: Bits, known: Vocabulary) -> Bits:
    """Which tiles hold which label: tiles of the second turn know all their neighbours."""
    beside = _neighbours(chains)
    held = np.zeros((len(chains.base) + 1, _LABELS), bool)
    for turn in (0, 1):
        tile, label = np.nonzero(device[chains.chunk] & (chains.turn == turn)[:, None])
        near = held[beside[tile], label[:, None]].sum(1) if turn else _FIRST_TURN
        held[tile, label] = coder(
            Question.TILE_HAS,
            [np.minimum(label, _TOLD - 1) * (_FIRST_TURN + 1) + near],
            chains.chunk[tile],
            lambda tile=tile, label=label: known.tile[tile, label],  # type: ignore[misc]
        )
    return held[:-1]


def _neighbours(chains: Chains) -> Ints:
    """(c, 4) the tiles beside each tile on its map, -1 for none."""
    stride = chains.stride // UNIT
    row, column = np.divmod(chains.base, chains.stride)
    first = row // UNIT * stride + column // UNIT
    tiles = np.full(chains.size // UNIT**2, -1)
    along = np.arange(_PER_TILE)
    inside = (along[:, None] * stride + along).ravel()
    tiles[first[:, None] + inside] = np.arange(len(first))[:, None]
    beside: Ints = tiles[first[:, None] + [-1, _PER_TILE, -stride, _PER_TILE * stride]]
    return beside
