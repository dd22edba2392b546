"""What people vouch for, and what they give away: told in the ledger, and only so."""

from datetime import timedelta
from pathlib import Path

import pytest
from support.office import ALICE, BOB, NUMBER, START, House

from jobs.office import assurances, bookkeeping, disclosures
from schemas.acts import Act, Ground
from schemas.approvals import approval_of, proposals
from schemas.assurances import attestations, reviews
from schemas.canonical import digest
from schemas.disclosures import DISCLOSE
from schemas.errors import PolicyError, SettingsError
from schemas.policies import Policies

POLICIES = Policies.shipped()
TRAINING, COURTS = "360-robot-vacuum/training", "360-robot-vacuum/authorities"
YEAR, DAY = timedelta(days=365), timedelta(days=1)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House.build(tmp_path)


def test_a_signature_counts_from_its_day_until_its_last_and_names_only_a_digest(
    house: House,
) -> None:
    assurances.attest(house.office(), TRAINING, b"Alice was taught", POLICIES)
    found = attestations(house.office().ledger.entries())[TRAINING]
    assert (found.document, found.signer) == (digest(b"Alice was taught"), ALICE)
    assert found.until == (START + YEAR).date()
    assert found.is_valid(START.date())
    assert found.is_valid(found.until)
    assert not found.is_valid(found.until + DAY)
    assert not found.is_valid(START.date() - DAY)


def test_the_newest_signature_counts(house: House) -> None:
    assurances.attest(house.office(), TRAINING, b"old", POLICIES)
    later = house.office(START + DAY, BOB)
    assurances.attest(later, TRAINING, b"new", POLICIES, START.date() + DAY)
    found = attestations(later.ledger.entries())[TRAINING]
    assert (found.signer, found.until) == (BOB, START.date() + DAY)


@pytest.mark.parametrize("days", [-1, 366])
def test_nobody_signs_for_longer_than_the_policy_lets_it_count_nor_for_the_past(
    house: House, days: int
) -> None:
    until = (START + days * DAY).date()
    with pytest.raises(PolicyError, match="until"):
        assurances.attest(house.office(), TRAINING, b"", POLICIES, until)
    assert house.told() == []


def test_what_is_no_clause_cannot_be_signed_for_nor_looked_through(house: House) -> None:
    with pytest.raises(SettingsError, match=TRAINING):
        assurances.attest(house.office(), "360-robot-vacuum/hold", b"", POLICIES)
    with pytest.raises(SettingsError, match="access list"):
        assurances.review(house.office(), "the weather", b"", POLICIES)


def test_a_review_is_due_a_quarter_after_the_last_one_or_after_the_beginning(house: House) -> None:
    (never, *_) = assurances.plan({}, START, POLICIES)
    assert (never.what, never.until) == ("access list", START + 90 * DAY)
    assert not never.is_late(START + 90 * DAY)
    assert never.is_late(START + 91 * DAY)
    now = START + 80 * DAY
    assurances.review(house.office(now), "access list", b"nothing found", POLICIES)
    done = reviews(house.office().ledger.entries())
    (again, *_) = assurances.plan(done, START, POLICIES)
    assert again.until == now + 90 * DAY


def test_nobody_knows_since_when_a_review_is_due_where_nothing_was_ever_done() -> None:
    assert {due.until for due in assurances.plan({}, None, POLICIES)} == {None}


def given(house: House, **changed: str) -> Act:
    scope = {"clause": COURTS, "to": "courts", "document": digest(b"rows")}
    why = changed.pop("why", Ground.ORDER)
    return house.office().act(DISCLOSE, why, request=NUMBER, scope={**scope, **changed})


def test_data_goes_only_after_a_second_person_said_so_and_the_ledger_tells_it(
    house: House,
) -> None:
    house.receive()
    assert disclosures.disclose(house.office(), given(house), POLICIES).entry is None
    (waiting,) = proposals(house.office().ledger.entries()).values()
    house.office(START, BOB).record(approval_of(waiting, BOB, START))
    assert disclosures.disclose(house.office(), given(house), POLICIES).entry == 3
    assert house.told()[-1] == DISCLOSE
    assert bookkeeping.examine(house.office().ledger, [], START).broken == ()


def test_a_disclosure_that_nobody_approved_is_found_in_the_ledger(house: House) -> None:
    house.office().record(given(house))
    (broken,) = bookkeeping.examine(house.office().ledger, [], START).broken
    assert "disclose: no second person approved" in broken


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"to": "an advertiser"}, "not among its recipients"),
        ({"why": Ground.SCHEDULE}, "it needs law: dispute or order"),
        ({"clause": "smarock/no-third-parties", "to": "third parties"}, "it needs consent"),
    ],
)
def test_what_no_policy_lets_go_is_not_even_proposed(
    house: House, changed: dict[str, str], why: str
) -> None:
    house.receive()
    with pytest.raises(PolicyError, match=why):
        disclosures.disclose(house.office(), given(house, **changed), POLICIES)
    assert house.told() == ["requests open"]


def test_nothing_goes_without_an_open_request(house: House) -> None:
    with pytest.raises(PolicyError, match=NUMBER):
        disclosures.disclose(house.office(), given(house), POLICIES)
