"""Versions are made and put to use, and the ledger tells it."""

from collections.abc import Iterable
from pathlib import Path

from jobs import keys
from jobs.office import Office
from schemas.errors import PolicyError
from schemas.holds import Hold, lasting
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

    Workers notice it between flushes. Nothing is changed while a hold does not know its rows under
    the next version: rows that were written under it could be dropped.

    Raises:
        PolicyError: A hold has to be extended first.
        SettingsError: The keyring cannot be read or written; nothing was changed.
        RetryableError: A store does not answer; see `add`.
    """
    office.check()
    region = office.region
    holds = lasting(office.ledger.entries())

    def rotated(keyring: Keyring) -> Keyring:
        after = keyring.rotate(region, office.now)
        _see_holds(holds, after.current(region).version)
        return after

    made = keys.change(path, wrapping, rotated, opening=[region])
    retired = max(
        key.version for key in made.keys if key.region == region and key.state is KeyState.RETIRED
    )
    scope = {"version": str(made.current(region).version), "retired": str(retired)}
    office.record(office.act(ROTATE, why, scope=scope, changed={"keys": 2}))
    return made


def _see_holds(holds: Iterable[Hold], version: int) -> None:
    behind = [hold.name for hold in holds if hold.version < version]
    if behind:
        raise PolicyError(
            f"hold {', '.join(behind)}: does not know its rows under k{version} yet: where there "
            "is none, `fortnight keys new --region`; then `fortnight hold extend`; then rotate"
        )
