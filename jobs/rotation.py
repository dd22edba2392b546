"""Versions are made and put to use, and the ledger tells it."""

from pathlib import Path

from jobs import keys
from jobs.office import Office
from schemas.keyring import Keyring, KeyState
from schemas.wrapping import Wrapping

ADD, ROTATE = "keys new", "keys rotate"


def add(office: Office, path: Path, wrapping: Wrapping, why: str) -> Keyring:
    """Make one more version for the office's region, not yet used.

    Raises:
        SettingsError: The keyring cannot be read or written; nothing was changed.
        RetryableError: A store does not answer; where the version is in the keyring, and not in
            the ledger, that is said by `fortnight ledger verify`.
    """
    office.check()
    made = keys.change(path, wrapping, lambda it: it.add(office.region, office.now), opening=[])
    newest = max(key.version for key in made.keys if key.region == office.region)
    office.record(office.act(ADD, why, scope={"version": str(newest)}, changed={"keys": 1}))
    return made


def rotate(office: Office, path: Path, wrapping: Wrapping, why: str) -> Keyring:
    """Put the next version of the office's region to use, and retire the current one.

    Workers notice it between flushes.

    Raises:
        SettingsError: The keyring cannot be read or written; nothing was changed.
        RetryableError: A store does not answer; see `add`.
    """
    office.check()
    region = office.region
    made = keys.change(path, wrapping, lambda it: it.rotate(region, office.now), opening=[region])
    retired = max(
        key.version for key in made.keys if key.region == region and key.state is KeyState.RETIRED
    )
    scope = {"version": str(made.current(region).version), "retired": str(retired)}
    office.record(office.act(ROTATE, why, scope=scope, changed={"keys": 2}))
    return made
