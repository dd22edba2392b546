from pathlib import Path

import pytest
from support.office import EU, NUMBER, START, House

from jobs.office.requests import answer, receive
from jobs.subjects.case import Case
from jobs.subjects.subject import DEVICE, Named, Subject, names
from schemas.errors import PolicyError, SettingsError
from schemas.keyring import Keyring
from schemas.requests import Request, Right, register


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House.build(tmp_path)


def subject(house: House, device: str = "SN-1") -> Subject:
    return Subject(house.key.tag(DEVICE, device), (device,))


def opened(house: House, device: str = "SN-1", *rights: Right) -> Case:
    office = house.office()
    requests = register(office.ledger.entries())
    about = subject(house, device)
    return Case.open(office, requests, NUMBER, subject=about, rights=rights or (Right.STOP,))


def asked(house: House, right: Right, tag: str) -> None:
    receive(house.office(), Request(NUMBER, right, START.date(), tag))


def test_a_case_is_an_open_request_of_that_right_about_that_subject(house: House) -> None:
    with pytest.raises(PolicyError, match="not in the register"):
        opened(house)
    asked(house, Right.STOP, subject(house).tag)
    assert opened(house).request.number == NUMBER
    assert opened(house, "sn 1").request.number == NUMBER
    with pytest.raises(PolicyError, match="asks for stop, and not for erase or cancel"):
        opened(house, "SN-1", Right.ERASE, Right.CANCEL)
    with pytest.raises(PolicyError, match="not about this subject") as refused:
        opened(house, "SN-2")
    assert "SN-2" not in str(refused.value)
    answer(house.office(), NUMBER)
    with pytest.raises(PolicyError, match="closed"):
        opened(house)


@pytest.mark.parametrize(("names_one", "others"), [(False, True), (True, False)])
def test_an_order_may_ask_for_anything_of_whomever_it_names(
    house: House, *, names_one: bool, others: bool
) -> None:
    asked(house, Right.ORDER, subject(house).tag if names_one else "")
    assert opened(house, "SN-1", Right.ERASE).act("subject erase").why == "order"
    if others:
        opened(house, "SN-2")
    else:
        with pytest.raises(PolicyError):
            opened(house, "SN-2")


def test_a_subjects_request_that_names_nobody_is_no_reason_to_act(house: House) -> None:
    asked(house, Right.STOP, "")
    with pytest.raises(PolicyError, match="not about this subject"):
        opened(house)


def test_what_was_done_is_told_with_the_subjects_tag_and_counts(house: House) -> None:
    asked(house, Right.STOP, subject(house).tag)
    opened(house).tell("subject stop", looked_at={"devices": 1}, changed={"marks": 1})
    act = house.office().ledger.entries()[-1].act
    assert (act.name, act.request, act.subject) == ("subject stop", NUMBER, subject(house).tag)
    assert (act.why, act.looked_at, act.changed) == ("request", {"devices": 1}, {"marks": 1})


@pytest.mark.parametrize("text", ["", "SN-4711", "serial:4711", "device:", "device: -"])
def test_what_names_no_subject_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Named.parse(text)
    assert "4711" not in str(refused.value)


def test_a_device_has_one_pseudonym_a_live_version() -> None:
    keyring = Keyring.generate([EU], START).rotate(EU, START).add(EU, START)
    assert {name[:2] for name in names(["SN-1", "sn 1"], keyring, EU)} == {"k1", "k2", "k3"}
    assert len(names(["SN-1", "sn 1"], keyring, EU)) == 3
    without = keyring.destroy(EU, 1, START)
    assert {name[:2] for name in names(["SN-1"], without, EU)} == {"k2", "k3"}
