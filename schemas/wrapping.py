"""How a secret lies in a file: wrapped, each on its own, so that each can be destroyed on its own.

`Passphrase` is here; AWS KMS, which never lets its own key out, is `storage/s3/kms.py`.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.canonical import canonical_json
from schemas.errors import SettingsError

Label = Mapping[str, str]
"""What the secret is: authenticated with it, so that it cannot be taken for another one."""

Wrapped = Mapping[str, str]
"""A wrapped secret as a file holds it; `by` says who can open it."""

_KEY_BYTES, _SALT_BYTES, _NONCE_BYTES = 32, 16, 12
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}
"""Interactive cost of RFC 7914 section 2: some 50 ms a secret."""


class Wrapping(Protocol):
    """Somebody who wraps secrets and opens them again.

    Raises (every method):
        SettingsError: It may not, or what is to be opened was wrapped otherwise, or changed.
        RetryableError: It does not answer.
    """

    by: ClassVar[str]

    def wrap(self, secret: bytes, label: Label) -> Wrapped:
        """Wrap a secret under a key that no other secret is wrapped under."""
        ...

    def unwrap(self, wrapped: Wrapped, label: Label) -> bytes:
        """The secret that was wrapped under the same label."""
        ...

    def destroy(self, wrapped: Wrapped) -> str:
        """Make the wrapping key useless; what that means for older copies, in words.

        Safe to repeat, and done after the secret left its file.

        Args:
            wrapped: What `wrap` made; its sealed bytes are not needed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Passphrase:
    """Wraps under a passphrase: scrypt with a salt a secret, then AES-256-GCM."""

    by: ClassVar[str] = "passphrase"
    text: str = field(repr=False)

    def wrap(self, secret: bytes, label: Label) -> Wrapped:
        """Wrap under a key of its own salt."""
        salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher(salt).encrypt(nonce, secret, canonical_json(label))
        return {"by": self.by, "salt": _text(salt), "sealed": _text(sealed)}

    def unwrap(self, wrapped: Wrapped, label: Label) -> bytes:
        """Open what `wrap` made."""
        sealed = base64.b64decode(wrapped["sealed"])
        cipher = self._cipher(base64.b64decode(wrapped["salt"]))
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, rest, canonical_json(label))
        except InvalidTag:
            raise SettingsError("wrong passphrase, or the file was changed") from None

    def destroy(self, wrapped: Wrapped) -> str:
        """Nothing to do: its salt and its sealed bytes leave the file."""
        del wrapped
        return "older copies of the file still hold it: destroy them, or change the passphrase"

    def _cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(hashlib.scrypt(self.text.encode(), salt=salt, dklen=_KEY_BYTES, **_SCRYPT))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
