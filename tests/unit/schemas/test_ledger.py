import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.acts import Act, Caller, Ground
from schemas.canonical import digest
from schemas.ledger import Anchor, Entry, Verdict, check
from schemas.ledger_keys import LedgerKey
from schemas.regions import Region

EU, US = Region("eu"), Region("us")
KEY, ANOTHER = LedgerKey.generate(EU), LedgerKey.generate(EU)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ALICE = Caller("os", "alice@desk")
LENGTH = 6

PLACES = st.integers(0, LENGTH - 1)
ANCHORS = st.integers(0, LENGTH - 1)
"""Which entry the newest anchor names."""

Chain = dict[int, bytes]


def written(
    number: int, previous: bytes | None, *, key: LedgerKey = KEY, changed: int = 1
) -> bytes:
    return Entry(
        region=EU,
        number=number,
        previous="" if previous is None else digest(previous),
        time=NOW + timedelta(minutes=number),
        mark=f"{number:032}",
        act=Act(name="keys rotate", by=ALICE, why=Ground.SCHEDULE, changed={"keys": changed}),
    ).seal(key.signing)


def chain(length: int = LENGTH, *, changed_from: int = LENGTH) -> Chain:
    """A whole ledger; from a number on, one with other acts in it."""
    made: Chain = {}
    for number in range(length):
        act = 1 if number < changed_from else 2
        made[number] = written(number, made.get(number - 1), changed=act)
    return made


def anchored(stored: Chain, number: int) -> Chain:
    anchor = Anchor(region=EU, number=number, digest=digest(stored[number]))
    return {number: anchor.seal(KEY.signing)}


def judged(stored: Chain, anchors: Chain | None = None) -> Verdict:
    return check(EU, stored, anchors or {}, KEY.signing.public_key())


@given(st.integers(0, LENGTH), st.data())
def test_what_nobody_touched_has_no_findings(length: int, data: st.DataObject) -> None:
    stored = chain(length)
    at = data.draw(st.integers(0, length - 1)) if length else -1
    verdict = judged(stored, anchored(stored, at) if length else None)
    assert verdict.findings == ()
    assert [entry.number for entry in verdict.entries] == list(range(length))
    assert (verdict.anchored, verdict.unanchored) == (at, length - 1 - at)


@given(PLACES, st.data())
def test_any_changed_byte_is_found(at: int, data: st.DataObject) -> None:
    stored = chain()
    place = data.draw(st.integers(0, len(stored[at]) - 1))
    octets = bytearray(stored[at])
    octets[place] ^= data.draw(st.integers(1, 255))
    assert judged(stored | {at: bytes(octets)}).findings


@given(PLACES, st.binary(max_size=4), st.binary(max_size=4))
def test_any_byte_put_before_or_behind_is_found(at: int, before: bytes, behind: bytes) -> None:
    stored = chain()
    changed = before + stored[at] + behind
    assert bool(judged(stored | {at: changed}).findings) == bool(before or behind)


@given(st.permutations(range(LENGTH)))
def test_any_other_order_is_found(order: list[int]) -> None:
    stored = chain()
    moved = {place: stored[number] for place, number in enumerate(order)}
    assert bool(judged(moved).findings) == (order != sorted(order))


@given(st.sets(PLACES), ANCHORS)
def test_whatever_is_taken_out_is_found_unless_it_is_the_end_behind_the_anchor(
    gone: set[int], at: int
) -> None:
    stored = chain()
    left = {number: data for number, data in stored.items() if number not in gone}
    only_the_end = gone == set(range(LENGTH - len(gone), LENGTH))
    unnoticed = only_the_end and at < LENGTH - len(gone)
    verdict = judged(left, anchored(stored, at))
    assert bool(verdict.findings) != unnoticed
    assert verdict.unanchored >= 0 or verdict.findings


@given(PLACES, PLACES, st.booleans())
def test_an_entry_put_between_is_found(at: int, again: int, forged: bool) -> None:  # noqa: FBT001
    stored = chain()
    new = written(at, stored.get(at - 1), key=ANOTHER) if forged else stored[again]
    shifted = {number + (number >= at): data for number, data in stored.items()} | {at: new}
    assert judged(shifted).findings


@given(PLACES, ANCHORS)
def test_even_with_the_signing_key_nothing_up_to_the_anchor_is_rewritten_unnoticed(
    since: int, at: int
) -> None:
    rewritten = chain(changed_from=since)
    verdict = judged(rewritten, anchored(chain(), at))
    assert bool(verdict.findings) == (since <= at)
    assert judged(rewritten).findings == ()  # without the anchor nobody can tell


@given(PLACES)
def test_even_with_the_signing_key_no_entry_is_rewritten_unnoticed_but_the_last(at: int) -> None:
    stored = chain()
    alone = stored | {at: written(at, stored.get(at - 1), changed=2)}
    assert bool(judged(alone).findings) == (at < LENGTH - 1)


def test_a_ledger_that_is_gone_is_found_by_its_anchor() -> None:
    assert judged({}, anchored(chain(), 3)).findings == ("anchor 3: the ledger was cut before it",)
    assert judged({}).findings == ()


@pytest.mark.parametrize(
    "forge",
    [
        lambda head: Anchor(region=EU, number=2, digest=head).seal(ANOTHER.signing),
        lambda head: Anchor(region=US, number=2, digest=head).seal(KEY.signing),
        lambda head: Anchor(region=EU, number=1, digest=head).seal(KEY.signing),
        lambda _: b"{}",
        lambda _: b"",
        lambda _: chain()[2],
    ],
)
def test_an_anchor_of_something_else_anchors_nothing(forge: Callable[[str], bytes]) -> None:
    stored = chain()
    verdict = judged(stored, {2: forge(digest(stored[2]))})
    assert verdict.findings
    assert verdict.anchored == -1


def test_another_regions_ledger_is_found() -> None:
    verdict = check(US, chain(), {}, KEY.signing.public_key())
    assert verdict.findings[0] == "entry 0: it says that it is entry 0 of eu"


def test_an_entry_reads_back_and_is_written_in_one_way_only() -> None:
    (data,) = chain(1).values()
    entry = Entry.open(data, KEY.signing.public_key())
    assert entry.seal(KEY.signing) == data
    spaced = json.dumps(json.loads(data)).encode()
    with pytest.raises(ValueError, match="not written as the ledger writes"):
        Entry.open(spaced, KEY.signing.public_key())


def test_a_tag_is_equal_for_one_subject_however_it_is_written_and_for_no_other() -> None:
    tag = KEY.tag("device", "AB:12-cd")
    assert tag == KEY.tag("device", "ab12CD")
    others = {
        KEY.tag("account", "ab12cd"),
        KEY.tag("device", "ab12ce"),
        ANOTHER.tag("device", "ab12cd"),
    }
    assert tag not in others
    assert len(others) == 3


@pytest.mark.parametrize("number", ["R-2026-17", "REQ-1", "A-0"])
def test_a_request_has_a_number(number: str) -> None:
    assert Act(name="x", by=ALICE, why=Ground.ORDER, request=number).request == number


@pytest.mark.parametrize(
    "number", ["Jane Doe", "r-1", "R", "R-", "R-1 ", "R-1\n", "jane@example.org-1"]
)
def test_a_request_is_nobodys_name(number: str) -> None:
    with pytest.raises(ValueError, match="number"):
        Act(name="x", by=ALICE, why=Ground.ORDER, request=number)


def test_an_act_that_differs_in_anything_needs_another_approval() -> None:
    act = Act(name="keys destroy", by=ALICE, why=Ground.RETENTION, scope={"key": "k1"})
    others = [
        Act(name="keys destroy", by=ALICE, why=Ground.RETENTION, scope={"key": "k2"}),
        Act(
            name="keys destroy", by=Caller("os", "bob@desk"), why=Ground.RETENTION, scope=act.scope
        ),
        Act(name="keys destroy", by=ALICE, why=Ground.ORDER, scope=act.scope),
    ]
    digests = {act.digest(EU), act.digest(US), *(other.digest(EU) for other in others)}
    assert len(digests) == 5
