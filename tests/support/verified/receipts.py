"""Receipts that name no policy, or one that there never was."""

import msgspec
from support.verified.house import QIHOO, SMAROCK, House
from support.verified.planting import Mischief, by

from schemas.policies import Policies

LAST = f"telemetry/_delta_log/{3:020}.json"


def _told(house: House, **policies: str | None) -> None:
    """Write other versions into a receipt."""
    store = house.store()
    actions = [msgspec.json.decode(line) for line in store.get(LAST).splitlines()]
    for action in actions:
        if "commitInfo" in action:
            receipt = msgspec.json.decode(action["commitInfo"]["receipt"])
            said = {**receipt["policies"], **policies}
            receipt["policies"] = {vendor: one for vendor, one in said.items() if one}
            action["commitInfo"]["receipt"] = msgspec.json.encode(receipt).decode()
    store.put(LAST, b"\n".join(map(msgspec.json.encode, actions)))


def a_policy_that_was_never_in_force(house: House) -> None:
    _told(house, **{QIHOO: "2017-01.1"})


def an_edition_that_is_still_to_come(house: House) -> None:
    published, _, edition = Policies.shipped().versions[SMAROCK].rpartition(".")
    _told(house, **{SMAROCK: f"{published}.{int(edition) + 1}"})


def rows_that_no_policy_judged(house: House) -> None:
    _told(house, **{SMAROCK: None})


MISCHIEF = (
    Mischief(a_policy_that_was_never_in_force, by(QIHOO, "versions")),
    Mischief(an_edition_that_is_still_to_come, by(SMAROCK, "versions")),
    Mischief(rows_that_no_policy_judged, by(SMAROCK, "versions")),
)
