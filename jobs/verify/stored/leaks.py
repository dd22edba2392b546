"""Identifiers where none may be: every word of any bytes, in each form that it may be written in.

Every registered identifier is looked up word by word (as sent, in other case, with or without
separators, in hexadecimal, in base64, as a number). Some of them, and every canary, are moreover
searched as parts of longer text, wherever they begin, and as hashes that anybody can compute.
Text counts in two bytes a letter too, with its letters escaped, and packed.
"""

import base64
import hashlib
import random
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from jobs.verify.rows.names import folded
from jobs.verify.rows.registry import Identifier

CANARY = "canary"
"""Kind of identifiers that are public test values: searched everywhere, always."""

_SHORTEST, _SHORTEST_NUMBER = 7, 12
"""What is shorter is found by chance."""
_WORD = re.compile(rb"[A-Za-z0-9][A-Za-z0-9:._+/=-]{5,127}")
_ADDRESS = re.compile(
    rb"(?<![0-9A-Za-z:-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![0-9A-Za-z:-])"
)
"""A network card's (IEEE 802), as people write it."""
_HEXADECIMAL = re.compile(r"[0-9a-f]{8,16}")
_HASH = re.compile(
    r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{32})(?![0-9A-Fa-f])"
)
_WITHOUT_A_KEY = ("md5", "sha1", "sha256")
_WIDE = re.compile(rb"(?:[ -~]\0){6,}[ -~]?")
"""UTF-16 of plain letters, in either order of bytes."""
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})|\\u00([0-9A-Fa-f]{2})")
"""source: RFC 3986, section 2.1; RFC 8259, section 7."""
_SPACE, _TILDE = 0x20, 0x7E
_GZIP, _GZIP_IN_BASE64 = b"\x1f\x8b", b"H4sI"
"""source: RFC 1952, section 2.3.1; its first three bytes are always these."""
_LARGEST = 64 << 20
_SHORTEST_RUN = 6
_IS_TEXT = np.zeros(256, np.int8)
_IS_TEXT[[*b"\t\n\r", *range(0x20, 0x7F), *range(0x80, 0x100)]] = 1
_ORDERS: tuple[Literal["big", "little"], ...] = ("big", "little")
_NEEDLES = 24
_URL_SAFE = str.maketrans("-_", "+/")
_SEPARATORS = b" \t\r\n:.-_/\\\"'"


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """An identifier where none may be: what kind, and whose policy that breaks; never which.

    Attributes:
        kind: `device`, `account`, `canary`, or `address` (of a network card).
        vendor: Empty: nobody knows whose.
        form: How it is written there.
    """

    kind: str
    vendor: str
    form: str


@dataclass(slots=True)
class Search:
    """Finds these identifiers; threads may share it."""

    identifiers: Sequence[Identifier] = field(repr=False)
    seed: int = 0
    _words: dict[str, Identifier] = field(default_factory=dict, repr=False)
    _numbers: dict[str, Identifier] = field(default_factory=dict, repr=False)
    _hashes: dict[str, Identifier] = field(default_factory=dict, repr=False)
    _parts: list[tuple[bytes, Leak]] = field(default_factory=list, repr=False)
    _exact: list[tuple[bytes, Leak]] = field(default_factory=list, repr=False)
    _binary: list[tuple[bytes, Leak]] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        """Prepare every form."""
        for one in self.identifiers:
            word = folded(one.text)
            if _is_telling(word):
                self._words[word] = one
                self._numbers |= {str(number): one for number in _numbers(word)}
        for one in self._chosen():
            self._parts += _parts(one)
            self._exact += _exact(one)
            self._binary += _binary(one)
            self._hashes |= dict.fromkeys(_hashed(one), one)

    def __call__(self, data: bytes) -> set[Leak]:
        """What is in some bytes; what they are as a whole may be packed by gzip."""
        data = _unzipped(data) or data
        found = {leak for part, leak in self._binary if part in data}
        for text in _texts(data):
            found |= self._in_text(text)
        return found

    def _in_text(self, text: bytes, *, is_inner: bool = False) -> set[Leak]:
        found = {Leak("address", "", "as text")} if _ADDRESS.search(text) else set()
        for word in set(_WORD.findall(text)):
            found |= set(self._looked_up(word.decode()))
            if word.startswith(_GZIP_IN_BASE64) and not is_inner:
                found |= self._packed(word.decode())
        lowered = text.lower().translate(None, _SEPARATORS)
        found |= {leak for part, leak in self._parts if part in lowered}
        return found | {leak for part, leak in self._exact if part in text}

    def _chosen(self) -> list[Identifier]:
        """Every canary, and some others."""
        canaries = [one for one in self._words.values() if one.kind == CANARY]
        others = [one for one in self._words.values() if one.kind != CANARY]
        count = min(_NEEDLES, len(others))
        return canaries + random.Random(self.seed).sample(others, count)  # noqa: S311 - a sample

    def _looked_up(self, word: str) -> Iterator[Leak]:
        for form, text in _readings(word):
            if one := self._words.get(folded(text)):
                yield Leak(one.kind, one.vendor, form)
        if one := self._numbers.get(word):
            yield Leak(one.kind, one.vendor, "as a number")
        for part in _HASH.findall(word):
            if one := self._hashes.get(part.lower()):
                yield Leak(one.kind, one.vendor, "as a hash without a key")

    def _packed(self, word: str) -> set[Leak]:
        """What is in text that was packed and written as a word; what is packed in that is not."""
        inner = _unzipped(_in_base64(word))
        found = (self._in_text(text, is_inner=True) for text in _texts(inner))
        return {replace(leak, form="packed") for some in found for leak in some}


def _is_telling(word: str) -> bool:
    """Whether it is found only where it is meant: not so what is short, and not a few digits."""
    return len(word) >= (_SHORTEST_NUMBER if word.isdecimal() else _SHORTEST)


def _readings(word: str) -> Iterator[tuple[str, str]]:
    """What a word may be: itself, its parts, and what it is the hexadecimal or base64 of."""
    yield "as text", word
    for part in re.split(r"[/=+]", word):
        yield "as text", part
    with suppress(ValueError):
        yield "in hexadecimal", bytes.fromhex(word).decode()
    with suppress(ValueError):
        yield "in base64", _in_base64(word).decode()


def _in_base64(word: str) -> bytes:
    """What a word is the base64 of, padded or not; nothing where it is of none."""
    bare = word.rstrip("=").translate(_URL_SAFE)
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4))
    except ValueError:
        return b""


def _unzipped(data: bytes) -> bytes:
    """What gzip packed, up to a size that fits; nothing where it did not, or it is damaged."""
    if not data.startswith(_GZIP):
        return b""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, _LARGEST)
    except zlib.error:
        return b""


def _forms(one: Identifier) -> set[bytes]:
    text = one.text
    return {form.encode() for form in (text, text.lower(), text.upper(), folded(text))}


def _parts(one: Identifier) -> Iterator[tuple[bytes, Leak]]:
    """What is in folded bytes that hold the identifier."""
    yield folded(one.text).encode(), Leak(one.kind, one.vendor, "as text")
    for form in _forms(one):
        yield form.hex().encode(), Leak(one.kind, one.vendor, "in hexadecimal")


def _exact(one: Identifier) -> Iterator[tuple[bytes, Leak]]:
    """What is in text that holds its base64."""
    for form in _forms(one):
        for text in _aligned(form):
            yield text, Leak(one.kind, one.vendor, "in base64")


def _binary(one: Identifier) -> Iterator[tuple[bytes, Leak]]:
    """What is in bytes that hold it as a number."""
    for number in _numbers(folded(one.text)):
        size = (number.bit_length() + 7) // 8
        if size > 4:  # noqa: PLR2004 - four bytes are found by chance
            for order in _ORDERS:
                yield number.to_bytes(size, order), Leak(one.kind, one.vendor, "as a number")


def _text(data: bytes) -> bytes:
    """The runs of text in some bytes: of a map's cells that is next to nothing."""
    is_text = np.zeros(len(data) + 2, np.int8)
    is_text[1:-1] = _IS_TEXT[np.frombuffer(data, np.uint8)]
    edges = np.flatnonzero(np.diff(is_text)).reshape(-1, 2)
    long = edges[edges[:, 1] - edges[:, 0] >= _SHORTEST_RUN].tolist()
    return b"\0".join(data[start:end] for start, end in long)


def _texts(data: bytes) -> Iterator[bytes]:
    """The text in some bytes, as it is, and as what is in two bytes a letter, or escaped, reads."""
    text = _text(data)
    yield text
    if _is_wide(data):
        yield b"\0".join(one.replace(b"\0", b"") for one in _WIDE.findall(data))
    if escaped := [run for run in text.split(b"\0") if _ESCAPED.search(run)]:
        yield _ESCAPED.sub(_letter, b"\0".join(escaped))


def _is_wide(data: bytes) -> bool:
    """Whether `_WIDE` is anywhere, which is rare and dear to find out by looking for it."""
    every = np.frombuffer(data, np.uint8)
    pairs = (every[:-1] >= _SPACE) & (every[:-1] <= _TILDE) & (every[1:] == 0)
    for further in (2, 4, 4):  # two letters, four, six
        pairs = pairs[:-further] & pairs[further:] if len(pairs) > further else pairs[:0]
    return bool(pairs.any())


def _letter(escaped: "re.Match[bytes]") -> bytes:
    return bytes([int(escaped[1] or escaped[2], 16)])


def _hashed(one: Identifier) -> Iterator[str]:
    """What anybody can compute of an identifier, and so look up."""
    for form in _forms(one):
        for name in _WITHOUT_A_KEY:
            yield hashlib.new(name, form, usedforsecurity=False).hexdigest()


def _aligned(data: bytes) -> Iterator[bytes]:
    """What base64 of any text that holds the data has in it, wherever it begins."""
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + data)
        certain = text[(0, 2, 3)[shift] : (shift + len(data)) * 8 // 6]
        if len(certain) >= _SHORTEST:
            yield certain


def _numbers(word: str) -> Iterator[int]:
    """The numbers that an identifier is."""
    if _HEXADECIMAL.fullmatch(word):
        yield int(word, 16)
    if word.isdecimal() and len(word) <= 18:  # noqa: PLR2004 - what fits a column
        yield int(word)
