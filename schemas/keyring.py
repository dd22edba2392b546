"""The versions of the secret that makes pseudonyms, one set a region.

Every (region, version) has 256 random bits of its own and no master, so that the same device in
two regions gets unlinkable pseudonyms, and destroying a version destroys what only it can tell.
A version is created, then current, then retired, then destroyed, and says since when; a mark under
the secret itself keeps anybody from telling it otherwise who cannot open it.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from schemas.canonical import canonical_json
from schemas.errors import PolicyError, SettingsError
from schemas.regions import Region
from schemas.wrapping import Label, Wrapped, Wrapping

SECRET_BYTES = 32
_FORMAT = 2


class KeyState(StrEnum):
    """Where a version is in its life."""

    CREATED = "created"
    """Not yet used: time to bring the file to every machine."""
    CURRENT = "current"
    """New rows are written under it."""
    RETIRED = "retired"
    """Only rows that are there already were written under it."""
    DESTROYED = "destroyed"
    """Nobody can make its pseudonyms any more."""


LIVE = (KeyState.CREATED, KeyState.CURRENT, KeyState.RETIRED)
"""States in which a version has a secret."""


_NO_SECRET = ("by", "location", "key")
"""What stays of a wrapped secret when it is destroyed, so that its wrapping key can follow."""


@dataclass(frozen=True, slots=True)
class Key:
    """One version of a region's secret.

    Attributes:
        secret: Empty where it was destroyed, or was not opened.
        since: State -> since when, UTC.
        wrapped: The secret as its file holds it; of a destroyed one who wrapped it, and where.
    """

    region: Region
    version: int
    state: KeyState
    secret: bytes = field(repr=False)
    since: Mapping[KeyState, datetime] = field(default_factory=dict)
    wrapped: Wrapped | None = field(default=None, repr=False, compare=False)
    mark: str = field(default="", repr=False, compare=False)

    @property
    def name(self) -> str:
        """As errors and ledgers call it."""
        return f"{self.region} k{self.version}"

    @property
    def label(self) -> Label:
        """What the secret is wrapped as."""
        return {"region": self.region, "version": str(self.version)}

    def become(self, state: KeyState, now: datetime) -> "Key":
        """The same version in its next state."""
        since = {**self.since, state: now}
        if state is KeyState.DESTROYED:
            left = {what: told for what, told in (self.wrapped or {}).items() if what in _NO_SECRET}
            return Key(self.region, self.version, state, b"", since, left)
        return replace(self, state=state, since=since, mark="")


@dataclass(frozen=True, slots=True)
class Keyring:
    """Every key that a process may use."""

    keys: tuple[Key, ...]

    @classmethod
    def generate(cls, regions: Sequence[Region], now: datetime | None = None) -> Self:
        """A new keyring, with one current version a region.

        Args:
            now: UTC; None where nobody will ask since when.
        """
        since = {} if now is None else {KeyState.CREATED: now, KeyState.CURRENT: now}
        return cls(
            tuple(Key(region, 1, KeyState.CURRENT, _secret(), dict(since)) for region in regions)
        )

    def current(self, region: Region) -> Key:
        """The key that new rows of the region are written under.

        Raises:
            SettingsError: The keyring has none for that region.
        """
        for key in self.keys:
            if key.region == region and key.state is KeyState.CURRENT:
                return key
        raise SettingsError(f"keyring: no current key for region {region}")

    def live(self, region: Region) -> tuple[Key, ...]:
        """Every version of the region that was not destroyed, oldest first."""
        return tuple(key for key in self._of(region) if key.state in LIVE)

    def version(self, region: Region, version: int) -> Key:
        """One version of a region.

        Raises:
            SettingsError: The keyring never had it.
        """
        for key in self._of(region):
            if key.version == version:
                return key
        raise SettingsError(f"keyring: there is no {region} k{version}")

    def add(self, region: Region, now: datetime) -> Self:
        """With one more version, not yet used."""
        last = max((key.version for key in self._of(region)), default=0)
        since = {KeyState.CREATED: now}
        return self._with(Key(region, last + 1, KeyState.CREATED, _secret(), since))

    def rotate(self, region: Region, now: datetime) -> Self:
        """With the oldest created version as the current one, made now where there is none.

        Raises:
            SettingsError: The keyring has no current key of that region.
        """
        retired = self.current(region).become(KeyState.RETIRED, now)
        created = [key for key in self._of(region) if key.state is KeyState.CREATED]
        if not created:
            return self.add(region, now).rotate(region, now)
        return self._with(retired, created[0].become(KeyState.CURRENT, now))

    def destroy(self, region: Region, version: int, now: datetime) -> Self:
        """Without a version's secret.

        Raises:
            PolicyError: Rows are written under it, or it is destroyed already.
        """
        key = self.version(region, version)
        if key.state in (KeyState.CURRENT, KeyState.DESTROYED):
            raise PolicyError(f"keyring: {key.name} is {key.state}, and cannot be destroyed")
        return self._with(key.become(KeyState.DESTROYED, now))

    def seal(self, wrapping: Wrapping) -> bytes:
        """The keyring as a file; a secret that was wrapped before stays as it is."""
        entries = [_sealed(key, wrapping) for key in sorted(self.keys, key=_place)]
        return json.dumps({"format": _FORMAT, "keys": entries}, indent=1).encode()

    @classmethod
    def unseal(
        cls,
        sealed: bytes,
        wrapping: Wrapping,
        *,
        regions: Collection[Region] | None = None,
        states: Collection[KeyState] = LIVE,
    ) -> Self:
        """Read what `seal` wrote.

        Args:
            sealed: The file.
            wrapping: Who opens the secrets.
            regions: Open only these regions' secrets; None: every one.
            states: Open only secrets of versions in these states.

        Raises:
            SettingsError: It is no keyring, it was changed, or somebody else wrapped it.
            RetryableError: Whoever wraps does not answer.
        """
        return cls(
            tuple(
                _opened(key, wrapping)
                if key.state in states and (regions is None or key.region in regions)
                else key
                for key in cls.parse(sealed).keys
            )
        )

    @classmethod
    def parse(cls, sealed: bytes) -> Self:
        """Read what `seal` wrote without opening any secret: what it tells may be untrue.

        Raises:
            SettingsError: It is no keyring.
        """
        try:
            return cls(tuple(_parsed(entry) for entry in json.loads(sealed)["keys"]))
        except (ValueError, KeyError, TypeError):
            raise SettingsError("keyring: the file is not a keyring") from None

    def _of(self, region: Region) -> list[Key]:
        return sorted((key for key in self.keys if key.region == region), key=_place)

    def _with(self, *changed: Key) -> Self:
        places = {_place(key): key for key in (*self.keys, *changed)}
        return type(self)(tuple(places[place] for place in sorted(places)))


def fingerprint(key: Key) -> str:
    """A short name of the key that tells nothing of its secret, to compare two machines."""
    if not key.secret:
        return "-"
    return hmac.digest(key.secret, b"fortnight/fingerprint", hashlib.sha256)[:4].hex()


def _secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def _place(key: Key) -> tuple[Region, int]:
    return key.region, key.version


def _told(key: Key) -> dict[str, Any]:
    """What the file says of a key in the clear."""
    since = {str(state): time.isoformat() for state, time in key.since.items()}
    return {
        "region": key.region,
        "version": key.version,
        "state": str(key.state),
        "since": since,
    }


def _mark(key: Key) -> str:
    told = b"fortnight/keyring/" + canonical_json(_told(key))
    return base64.b64encode(hmac.digest(key.secret, told, hashlib.sha256)).decode()


def _sealed(key: Key, wrapping: Wrapping) -> dict[str, Any]:
    if key.state is KeyState.DESTROYED:
        return {**_told(key), "wrapped": dict(key.wrapped or {})}
    if not (key.secret or key.mark):
        raise ValueError(f"{key.name} was changed without its secret")
    wrapped = key.wrapped or wrapping.wrap(key.secret, key.label)
    return {**_told(key), "wrapped": dict(wrapped), "mark": key.mark or _mark(key)}


def _parsed(entry: Mapping[str, Any]) -> Key:
    since = {
        KeyState(state): datetime.fromisoformat(time) for state, time in entry["since"].items()
    }
    state = KeyState(entry["state"])
    mark = str(entry["mark"]) if state in LIVE else ""
    region, version, wrapped = Region(entry["region"]), int(entry["version"]), entry["wrapped"]
    return Key(region, version, state, b"", since, wrapped, mark)


def _opened(key: Key, wrapping: Wrapping) -> Key:
    wrapped = key.wrapped or {}
    if (by := wrapped.get("by")) != wrapping.by:
        raise SettingsError(f"keyring: {key.name} was wrapped by {by}, and not by {wrapping.by}")
    try:
        opened = replace(key, secret=wrapping.unwrap(wrapped, key.label))
    except (ValueError, KeyError, TypeError):
        raise SettingsError("keyring: the file is not a keyring") from None
    except SettingsError as error:
        raise SettingsError(f"keyring: {key.name}: {error}") from None
    if not hmac.compare_digest(_mark(opened), key.mark):
        raise SettingsError(f"keyring: {key.name}: the file was changed")
    return opened
