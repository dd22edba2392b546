from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lake import Writer
from support.office import EU, PASS, START, House

from jobs.keys import links, rotation
from schemas.acts import Ground
from schemas.errors import IntegrityError
from schemas.keyring import Keyring
from schemas.privacy import Domain, domain_key, pseudonyms
from schemas.retention import FORTNIGHT
from storage.directory import DirectoryStore
from storage.links import FOLDER, LinkPath, expire_links, links_in, read_links

HOUR = timedelta(hours=1)
STAYS, LEFT, CAME, NEVER = DEVICES = ("Serial-1", "Serial-2", "Serial-3", "Serial-4")
"""Devices that sent before and after the rotation, only before, only after, and not at all."""


def name(keyring: Keyring, device: str, version: int) -> str:
    key = keyring.version(EU, version)
    return pseudonyms([device], domain_key(key.secret, Domain.DEVICE), version)[0]


def store_rows(house: House, version: int, *devices: str) -> None:
    """A row of each of them, written under a version."""
    keyring, writer = house.keys(), Writer(house.destination)
    writer._next = 100 * version  # noqa: SLF001 - other offsets than before
    writer.commit(
        writer.put(
            START + FORTNIGHT,
            rows=len(devices),
            device=[name(keyring, device, version) for device in devices],
            key_version=[version] * len(devices),
        )
    )


def rotate(house: House, now: datetime = START, why: Ground = Ground.SCHEDULE) -> None:
    rotation.rotate(house.office(now), house.keyring, PASS, why)


def link(house: House, now: datetime = START, devices: Sequence[str] = DEVICES) -> list[str]:
    office = house.office(now)
    wanted = links.plan(
        devices,
        house.keys(),
        office,
        office.ledger.entries(),
        links.seen_in([house.destination]),
    )
    return [*links.make(office, wanted, house.destination.store, devices=len(devices))]


def joined(house: House) -> dict[str, str]:
    rows = read_links(house.destination.store).to_pylist()
    assert len({row["before"] for row in rows}) == len(rows)
    return {row["before"]: row["after"] for row in rows}


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Rotated once, with rows of both versions."""
    made = House.build(tmp_path)
    store_rows(made, 1, STAYS, LEFT)
    rotate(made)
    store_rows(made, 2, STAYS, CAME)
    return made


def test_a_link_joins_devices_that_have_rows_on_both_sides_and_no_others(house: House) -> None:
    assert len(link(house)) == 1
    keyring = house.keys()
    assert joined(house) == {name(keyring, STAYS, 1): name(keyring, STAYS, 2)}
    assert house.told()[-1] == "keys link"


def test_a_device_that_is_not_registered_any_more_is_not_linked(house: House) -> None:
    link(house, devices=[LEFT, CAME])
    assert joined(house) == {}


def test_after_another_rotation_every_version_leads_to_the_current_one(house: House) -> None:
    link(house)
    rotate(house, START + HOUR)
    store_rows(house, 3, STAYS, CAME)
    assert len(link(house, START + HOUR)) == 2
    keyring = house.keys()
    assert joined(house) == {
        name(keyring, STAYS, 1): name(keyring, STAYS, 3),
        name(keyring, STAYS, 2): name(keyring, STAYS, 3),
        name(keyring, CAME, 2): name(keyring, CAME, 3),
    }


def test_a_version_that_somebody_may_know_is_never_linked(house: House) -> None:
    rotate(house, START + HOUR, Ground.COMPROMISE)
    store_rows(house, 3, STAYS, CAME)
    link(house, START + HOUR)
    assert {path.before for path in links_in(house.destination.store)} == {1}


def test_a_link_is_gone_when_no_row_of_the_retired_version_can_be_left(house: House) -> None:
    link(house)
    store = house.destination.store
    (path,) = links_in(store)
    assert path.expires == START + FORTNIGHT
    assert expire_links(store, START + FORTNIGHT - HOUR) == 0
    assert expire_links(store, START + FORTNIGHT) == 1
    assert expire_links(store, START + FORTNIGHT) == 0
    assert [*store.list(FOLDER)] == []
    assert link(house, START + FORTNIGHT) == []


def test_a_destroyed_version_has_no_links_and_nobody_can_make_one(house: House) -> None:
    link(house)
    house.vault.forget(house.keys().version(EU, 1), START)
    assert links_in(house.destination.store) == []
    assert link(house) == []


def test_what_else_lies_among_the_links_is_said(house: House) -> None:
    house.destination.store.put(f"{FOLDER}/notes.txt", b"")
    with pytest.raises(IntegrityError, match="not the path of a link"):
        expire_links(house.destination.store, START)


@given(st.integers(0, 10**6), st.integers(1, 999), st.integers(1, 999))
def test_a_links_path_reads_back(hours: int, before: int, after: int) -> None:
    path = LinkPath(START + hours * HOUR, before, after)
    assert LinkPath.parse(str(path)) == path


def test_where_there_is_no_link_there_is_an_empty_table(tmp_path: Path) -> None:
    assert read_links(DirectoryStore(tmp_path)).num_rows == 0
