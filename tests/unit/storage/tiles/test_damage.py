"""Damaged chunks: an error each time, never a wrong map, and soon."""

import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.errors import IntegrityError
from storage.tiles import context
from storage.tiles.chunk import parse
from storage.tiles.keys import Keys
from storage.tiles.tables import SHIPPED

Tiles = NDArray[np.uint8]
CORRUPTIONS = 10_000


def _device() -> tuple[Tiles, Keys]:
    """A device with a map that grows, and a tile of noise."""
    rng = np.random.default_rng(11)
    tiles = np.zeros((12, 64, 64), np.uint8)
    for version in range(11):
        tiles[version, 8 : 30 + version, 8:50] = 1
        tiles[version, 8 : 30 + version, [8, 49]] = 2
        tiles[version][tuple(rng.integers(0, 64, (2, 20)))] = 4
    tiles[11] = rng.integers(0, 256, (64, 64))
    zero = np.zeros(12, np.int64)
    return tiles, Keys(zero, zero, zero, np.repeat([0, 1], [11, 1]), np.arange(12))


def _damaged(rng: np.random.Generator, chunk: bytes) -> bytes:
    """Cut short, with bytes changed, moved, repeated, zeroed, left out or put in."""
    data = bytearray(chunk)
    at, to = sorted(rng.integers(0, len(data), 2).tolist())
    match int(rng.integers(0, 7)):
        case 0:
            del data[at:]
        case 1:
            data[at] ^= 1 << int(rng.integers(0, 8))
        case 2:
            data[at:to] = rng.bytes(to - at)
        case 3:
            data[at:to] = bytes(to - at)
        case 4:
            del data[at : at + 1 + (to - at) % 5]
        case 5:
            data[at:at] = rng.bytes(1 + (to - at) % 5)
        case _:
            data = data[to:] + data[at:to] + data[:at]
    return bytes(data)


def test_ten_thousand_corruptions_are_ten_thousand_errors() -> None:
    tiles, keys = _device()
    chunk = context.encode(tiles, keys)[0]
    rng = np.random.default_rng(2)
    for _ in range(CORRUPTIONS):
        data = _damaged(rng, chunk)
        if data != chunk:
            with pytest.raises(IntegrityError):
                context.decode([data], keys)


def test_every_length_short_of_the_whole_is_an_error() -> None:
    tiles, keys = _device()
    chunk = context.encode(tiles[:11], keys[slice(0, 11)])[0]
    for length in range(len(chunk)):
        with pytest.raises(IntegrityError):
            parse(chunk[:length], keys[slice(0, 11)], SHIPPED)


def _resealed(body: bytes, keys: Keys) -> bytes:
    """With a checksum that fits, as no accident would leave it."""
    crc = zlib.crc32(bytes.fromhex(SHIPPED.current().digest), keys.fingerprint())
    return body + zlib.crc32(body, crc).to_bytes(4, "little")


def test_damage_behind_a_good_checksum_ends_soon_and_in_nothing_but_an_error() -> None:
    tiles, keys = _device()
    tiles, keys = tiles[:11], keys[slice(0, 11)]
    chunk = context.encode(tiles, keys)[0]
    rng = np.random.default_rng(3)
    for _ in range(40):
        data = _resealed(_damaged(rng, chunk)[:-4], keys)
        try:
            found = context.decode([data], keys)
        except IntegrityError:
            continue
        assert data == chunk or found.shape == tiles.shape


@pytest.mark.parametrize("lanes", [2**20, 2**63, 2**70])
def test_a_chunk_that_claims_more_than_it_has_takes_no_memory(lanes: int) -> None:
    _, keys = _device()
    number = bytearray()
    while lanes:
        number.append((lanes & 0x7F) | 0x80)
        lanes >>= 7
    body = bytes([SHIPPED.current().version]) + bytes(number) + b"\x00\x00" + bytes(40)
    with pytest.raises(IntegrityError, match="contradicts itself"):
        parse(_resealed(body, keys), keys, SHIPPED)
