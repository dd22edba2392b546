"""Bloom filters of Parquet files, asked for many values at once; pyarrow only writes them.

A split-block filter (Parquet format, BloomFilter.md): a value's XXH64 names a block of 256 bits by
its upper half, and by its lower half one bit in each of the block's eight words. Where one of them
is not set, no row has the value; where all are, one may.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
import xxhash
from numpy.typing import NDArray

_SALT = np.array(
    [
        *(0x47B6137B, 0x44974D91, 0x8824AD5B, 0xA2B7289D),
        *(0x705495C7, 0x2DF1424B, 0x9EFC4947, 0x5C6BFB31),
    ],
    np.uint32,
)
"""One odd number a word (BloomFilter.md)."""

_WORDS = len(_SALT)
_BLOCK_BYTES = 4 * _WORDS
_NUM_BYTES = 0x15
"""How the header begins: field 1 of Thrift's compact protocol, an int32."""

_MORE = 0x80
"""A byte of a variable-length integer that is not its last."""


def hashes(values: Sequence[str]) -> NDArray[np.uint64]:
    """(n,) uint64, what a filter is asked for, value by value."""
    return np.array([xxhash.xxh64_intdigest(value.encode()) for value in values], np.uint64)


class BloomFilter:
    """One column chunk's filter."""

    def __init__(self, words: NDArray[np.uint32]) -> None:
        """Look at a filter's bits.

        Args:
            words: (blocks, 8) uint32.
        """
        self._words = words

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a filter as it is stored: a header that says how many bytes follow it.

        Raises:
            ValueError: It is none.
        """
        size = _num_bytes(data)
        if not 0 < size < len(data) or size % _BLOCK_BYTES:
            raise ValueError("not a Bloom filter")
        return cls(np.frombuffer(data[-size:], "<u4").reshape(-1, _WORDS))

    def may_have(self, asked: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """(n,) bool, false where no row has the value.

        Args:
            asked: (n,) uint64 of `hashes`.
        """
        blocks = ((asked >> np.uint64(32)) * np.uint64(len(self._words))) >> np.uint64(32)
        lower = asked.astype(np.uint32)  # the half that names bits
        bits = np.uint32(1) << ((lower[:, np.newaxis] * _SALT) >> np.uint32(27))
        found: NDArray[np.bool_] = ((self._words[blocks] & bits) == bits).all(axis=1)
        return found


def _num_bytes(data: bytes) -> int:
    """The header's first field, a zigzag variable-length integer."""
    if not data or data[0] != _NUM_BYTES:
        raise ValueError("not a Bloom filter")
    number = 0
    for place, octet in enumerate(data[1:6]):
        number |= (octet & ~_MORE) << (7 * place)
        if octet < _MORE:
            return number >> 1
    raise ValueError("not a Bloom filter")
