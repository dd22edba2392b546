"""Pseudonyms, computed by verify's own hand: to be compared with those that are stored.

source: RFC 2104 (HMAC) and RFC 5869, section 2.3 (HKDF-Expand), as `cryptography` has them.
"""

import re

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

FORM = "k[0-9]+:[0-9a-f]{32}"
"""A pseudonym: the key's version, and 128 bits."""

_KEY_BYTES = 32
_SHOWN_BYTES = 16
_WRITTEN_DIFFERENTLY = re.compile(r"[ \t\n\r\x0b\x0c:._-]")


def folded(identifier: str) -> str:
    """An identifier without case and separators: what two people write differently is one."""
    return _WRITTEN_DIFFERENTLY.sub("", identifier).casefold()


class Namer:
    """Makes the pseudonyms of one version of a region's secret, in one domain."""

    def __init__(self, secret: bytes, version: int, domain: str = "device") -> None:
        """Derive the domain's key from the version's secret."""
        info = f"fortnight/{domain}".encode()
        key = HKDFExpand(hashes.SHA256(), _KEY_BYTES, info).derive(secret)
        self._keyed = HMAC(key, hashes.SHA256())
        self._start = f"k{version}:"

    def name(self, identifier: str) -> str:
        """The pseudonym of an identifier."""
        keyed = self._keyed.copy()
        keyed.update(folded(identifier).encode())
        return self._start + keyed.finalize()[:_SHOWN_BYTES].hex()
