import base64
import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.lake import Writer
from support.office import ALICE, BOB, EU, NUMBER, PASS, START, House

from jobs import keys
from jobs.keys import rotation
from jobs.keys.destruction import MARGIN, Outcome, act_of, destroy
from jobs.office import bookkeeping
from schemas.acts import Act, Caller, Ground
from schemas.approvals import LAPSES, approval_of, proposals
from schemas.errors import PolicyError, SettingsError
from schemas.holds import PLACE, RELEASE
from schemas.keyring import Key, KeyState
from schemas.privacy import Domain, domain_key, pseudonyms
from schemas.retention import FORTNIGHT

SERIAL = "Serial-1"
OVER = START + FORTNIGHT + MARGIN
"""The first version was retired at `START`: its time is over then."""


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House.build(tmp_path)
    rotation.rotate(made.office(), made.keyring, PASS, Ground.SCHEDULE)
    made.receive()
    return made


def act(house: House, now: datetime = OVER, *, caller: Caller = ALICE, version: int = 1) -> Act:
    office = house.office(now, caller)
    return act_of(office, version, why=Ground.RETENTION, request=NUMBER)


def attempt(house: House, now: datetime = OVER, *, version: int = 1) -> Outcome:
    return destroy(house.office(now), act(house, now, version=version), house.vault)


def approve(house: House, now: datetime = OVER, *, caller: Caller = BOB) -> None:
    office = house.office(now, caller)
    (waiting,) = proposals(office.ledger.entries()).values()
    office.record(approval_of(waiting, caller, now))


def broken(house: House, now: datetime = OVER) -> tuple[str, ...]:
    region = [key for key in house.keys().keys if key.region == EU]
    return bookkeeping.examine(house.office().ledger, region, now).broken


def pseudonyms_of(key: Key) -> set[str]:
    made = {domain: domain_key(key.secret, domain) for domain in Domain}
    return {pseudonyms([SERIAL], secret, key.version)[0] for secret in made.values()}


def left_on_disk(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def opened(data: bytes) -> set[bytes]:
    """Every secret that the passphrase opens in some bytes, under whatever label."""
    labels = [{"region": EU, "version": name} for name in ("1", "2", "3", "ledger")]
    found = set()
    for text in re.findall(rb'\{[^{}]*"sealed"[^{}]*\}', data):
        for label in labels:
            try:
                found.add(PASS.unwrap(json.loads(text), label))
            except SettingsError:
                continue
    return found


def test_two_persons_destroy_a_version_that_nothing_needs(house: House) -> None:
    assert not attempt(house).done
    assert not attempt(house).done  # asking again proposes it once
    approve(house)
    outcome = attempt(house)
    assert outcome.done
    assert "older copies" in outcome.copies
    assert house.keys().version(EU, 1).state is KeyState.DESTROYED
    assert house.told() == [
        "keys rotate",
        "requests open",
        "propose",
        "approve",
        "keys destroy",
    ]
    assert house.office().ledger.entries()[-1].act.approver == BOB
    assert broken(house) == ()


def test_from_all_that_is_left_no_pseudonym_of_the_version_can_be_made_again(
    house: House,
) -> None:
    before = house.keys()
    destroyed, stays = before.version(EU, 1), before.version(EU, 2)
    assert {destroyed.secret, stays.secret} <= set().union(*map(opened, left_on_disk(house.folder)))
    attempt(house)
    approve(house)
    attempt(house)
    left = left_on_disk(house.folder)
    secrets = set().union(*map(opened, left))
    assert stays.secret in secrets
    assert destroyed.secret not in secrets
    for written in (
        destroyed.secret,
        destroyed.secret.hex().encode(),
        base64.b64encode(destroyed.secret),
    ):
        assert not any(written in data for data in left)
    again = {
        pseudonym
        for secret in secrets
        for part in (secret, secret[:32], secret[32:])
        for pseudonym in pseudonyms_of(replace(destroyed, secret=part))
    }
    assert not again & pseudonyms_of(destroyed)


def test_before_its_time_it_stays(house: House) -> None:
    with pytest.raises(PolicyError, match=r"rows written under it live until 2026-12-10 12:00"):
        attempt(house, OVER - timedelta(minutes=1))
    assert "propose" not in house.told()


@pytest.mark.parametrize("committed", [True, False], ids=["in the table", "an orphan"])
def test_while_a_row_is_left_it_stays(house: House, committed: bool) -> None:  # noqa: FBT001
    writer = Writer(house.destination)
    file = writer.put(OVER, key_version=[1, 2, 2])
    if committed:
        writer.commit(file)
    with pytest.raises(PolicyError, match="telemetry in eu: 1 rows are written under it"):
        attempt(house)
    house.destination.store.delete([f"telemetry/{file.path}"])
    assert attempt(house)


def test_rows_of_other_versions_do_not_matter(house: House) -> None:
    writer = Writer(house.destination)
    writer.commit(writer.put(OVER, key_version=[2, 2, 3]))
    assert attempt(house)


def test_what_nobody_can_look_into_may_hold_rows(house: House) -> None:
    house.destination.store.put("telemetry/date=2026-11-25/notes.txt", b"")
    with pytest.raises(PolicyError, match="nobody can look into 1 objects"):
        attempt(house)


def test_while_a_hold_lasts_that_was_placed_in_its_time_it_stays(house: House) -> None:
    office = house.office()
    office.record(office.act(PLACE, Ground.DISPUTE, scope={"hold": "H-1"}))
    late = house.office(OVER + timedelta(days=1))
    late.record(late.act(PLACE, Ground.DISPUTE, scope={"hold": "H-2"}))
    with pytest.raises(PolicyError, match=r"stays: hold H-1 lasts$"):
        attempt(house)
    office.record(office.act(RELEASE, Ground.DISPUTE, scope={"hold": "H-1"}))
    assert attempt(house)


def test_without_an_open_request_it_stays(house: House) -> None:
    office = house.office(OVER)
    unknown = act_of(office, 1, why=Ground.RETENTION, request="R-1")
    with pytest.raises(PolicyError, match="R-1: not in the register"):
        destroy(office, unknown, house.vault)
    with pytest.raises(SettingsError, match="no name"):
        act_of(office, 1, why=Ground.RETENTION, request="Jane Doe")


def test_what_rows_are_written_under_stays(house: House) -> None:
    with pytest.raises(PolicyError, match="eu k2 stays: it is current"):
        attempt(house, version=2)


@pytest.mark.parametrize("caller", [ALICE, Caller("aws", "arn:aws:iam::1:user/bob")])
def test_nobody_approves_his_own_act_nor_one_whom_nobody_can_tell_from_himself(
    house: House, caller: Caller
) -> None:
    attempt(house)
    with pytest.raises(PolicyError, match="second person"):
        approve(house, caller=caller)


def test_an_approval_that_was_forged_into_the_ledger_does_not_count(house: House) -> None:
    digest = attempt(house).standing.digest
    office = house.office(OVER)
    office.record(replace(office.act("approve", Ground.RETENTION), concerns=digest))
    assert not attempt(house).done


def test_an_approval_serves_once_for_one_act_and_for_a_week(house: House) -> None:
    attempt(house)
    approve(house)
    late = OVER + LAPSES + timedelta(minutes=1)
    assert not attempt(house, late).done
    approve(house, late)
    office = house.office(late, BOB)
    with pytest.raises(PolicyError, match="k2 stays"):
        destroy(office, act(house, late, caller=BOB, version=2), house.vault)
    assert attempt(house, late).done
    with pytest.raises(PolicyError, match="k1 stays: it is destroyed"):
        attempt(house, late)


def test_what_was_killed_between_the_deed_and_its_entry_is_entered_by_the_next_call(
    house: House,
) -> None:
    attempt(house)
    approve(house)
    house.vault.forget(house.keys().version(EU, 1), OVER)
    assert "eu k1 became destroyed, and no entry says who did that" in broken(house)
    assert attempt(house).done
    assert broken(house) == ()


def test_a_destruction_that_nobody_approved_is_found(house: House) -> None:
    done = act(house)
    house.office(OVER).record(replace(done, concerns=done.digest(EU), approver=BOB))
    assert broken(house) == ("entry 2: keys destroy: no second person approved this act",)


def test_a_rotation_that_the_ledger_does_not_tell_is_found(house: House) -> None:
    keys.change(house.keyring, PASS, lambda it: it.rotate(EU, OVER), opening=[EU])
    assert broken(house) == (
        "eu k3 became created, and no entry says who did that",
        "eu k3 became current, and no entry says who did that",
    )
