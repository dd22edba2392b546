"""A version of the keyring is destroyed, when nothing needs it any more and two persons say so.

Refused while a row is left that was written under it, while a hold lasts that was placed when such
rows could still be there, before its time, and without an open request. Its time is the fortnight
after it was retired, and a day, for a worker that slept may have written its last rows late.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from jobs import keys
from jobs.keys.rows import RowsLeft, rows_left
from jobs.office import Office
from jobs.office.second_person import Standing, propose, standing
from schemas.acts import Act
from schemas.errors import PolicyError
from schemas.holds import lasting
from schemas.keyring import Key, KeyState
from schemas.ledger import Entry
from schemas.requests import open_request, register
from schemas.retention import FORTNIGHT
from schemas.wrapping import Wrapping
from storage.lake import Destination
from storage.links import drop_links, links_in

ACT = "keys destroy"
MARGIN = timedelta(days=1)
"""What a worker may sleep between making a row's pseudonyms and committing it, and more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a destruction came.

    Attributes:
        standing: What a second person has to approve.
        done: Whether it was destroyed; else it is proposed.
        copies: What is to be said of older copies of the keyring.
    """

    standing: Standing
    done: bool
    copies: str = ""


@dataclass(frozen=True, slots=True)
class Vault:
    """Where a region's keys are, and where rows may be that were written under them.

    Attributes:
        path: Of the keyring.
        wrapping: Whoever wraps its keys; nothing is opened.
        destinations: The region's tables, and those for restricted rows.
    """

    path: Path
    wrapping: Wrapping = field(repr=False)
    destinations: Sequence[Destination]

    def key(self, act: Act, office: Office) -> Key:
        """The version that an act is about, opened: what it tells of its times is true."""
        version = int(act.scope["version"])
        keyring = keys.read(self.path, self.wrapping, [office.region])
        return keyring.version(office.region, version)

    def look(self, version: int) -> dict[str, RowsLeft]:
        """What is left of a version's rows, by place."""
        return {str(one): rows_left(one, version) for one in self.destinations}

    def forget(self, key: Key, now: datetime) -> str:
        """Destroy a version, and every link that names its pseudonyms; safe to repeat.

        Returns:
            What that means for older copies, in words.
        """
        for store in {one.store.url: one.store for one in self.destinations}.values():
            named = [one for one in links_in(store) if key.version in (one.before, one.after)]
            drop_links(store, named)
        if key.state is not KeyState.DESTROYED:
            keys.change(
                self.path,
                self.wrapping,
                lambda keyring: keyring.destroy(key.region, key.version, now),
                opening=[],
            )
        return self.wrapping.destroy(key.wrapped or {})


def plan(
    key: Key, entries: Iterable[Entry], left: Mapping[str, RowsLeft], now: datetime
) -> list[str]:
    """Why a version must not be destroyed yet, in words; empty where it may.

    Args:
        key: A version, as the keyring tells it.
        entries: Of the region's ledger.
        left: Place -> what was found of the version's rows.
        now: UTC.
    """
    retired = key.since.get(KeyState.RETIRED)
    if key.state is not KeyState.RETIRED or retired is None:
        return [f"it is {key.state}, and only what was retired is destroyed"]
    over = retired + FORTNIGHT + MARGIN
    why = [f"rows written under it live until {over:%Y-%m-%d %H:%M} UTC"] if now < over else []
    why += [f"hold {hold.name} lasts" for hold in lasting(entries) if hold.placed < over]
    for place, found in left.items():
        if found.rows:
            why.append(f"{place}: {found.rows} rows are written under it")
        if found.unknown:
            why.append(f"{place}: nobody can look into {len(found.unknown)} objects; sweep first")
    return why


def act_of(office: Office, version: int, *, why: str, request: str) -> Act:
    """The act of destroying a version in the office's region.

    Raises:
        SettingsError: The request has no number.
    """
    return office.act(ACT, why, request=request, scope={"version": str(version)})


def destroy(office: Office, act: Act, vault: Vault) -> Outcome:
    """Destroy a version, or propose it where nobody has approved it yet.

    Safe to repeat: what was killed between the deed and its entry is entered by the next call.

    Raises:
        PolicyError: It must not be destroyed yet; nothing was changed.
        RetryableError: A store does not answer; call again.
    """
    entries = office.ledger.entries()
    open_request(register(entries), act.request)
    found = standing(office, act, entries)
    key = vault.key(act, office)
    unfinished = key.state is KeyState.DESTROYED and found.approver is not None
    files = 0 if unfinished else _see_that_it_may(key, entries, vault, office.now)
    if found.approver is None:
        propose(office, act, found)
        return Outcome(found, done=False)
    office.check()
    copies = vault.forget(key, office.now)
    office.record(replace(found.told(act), looked_at={"files": files}, changed={"keys": 1}))
    return Outcome(found, done=True, copies=copies)


def _see_that_it_may(key: Key, entries: Sequence[Entry], vault: Vault, now: datetime) -> int:
    """How many files were looked at, after what costs nothing was.

    Raises:
        PolicyError: It must not be destroyed yet.
    """
    left: Mapping[str, RowsLeft] = {}
    why = plan(key, entries, left, now)
    if not why:
        left = vault.look(key.version)
        why = plan(key, entries, left, now)
    if why:
        raise PolicyError(f"{key.name} stays: {'; '.join(why)}")
    return sum(found.files for found in left.values())
