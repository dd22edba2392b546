from dataclasses import replace
from datetime import timedelta

from support.watched import NOW, partition_state, state, stuck, table_state

from jobs.kafka import GroupDescription, Member
from jobs.watch.judging.findings import FLOOD_RECORDS, FLOOD_SHARE, find
from jobs.watch.judging.membership import Membership
from jobs.watch.places.rejections import Flood
from jobs.watch.problems import Runbook
from jobs.watch.reach import Place, Reach
from jobs.watch.state import State
from jobs.watch.verdict import Verdict

MINUTE = timedelta(minutes=1)


def found(seen: State) -> list[tuple[Runbook, Verdict, str]]:
    return [(one.runbook, one.verdict, one.place) for one in find(seen, ())]


def away(kind: Place, name: str) -> Reach:
    return Reach(kind, name, answers=False, since=NOW - MINUTE, took=MINUTE, problem="no answer")


def test_nothing_is_found_where_all_is_well() -> None:
    few = Flood("fleet.telemetry", "unknown", FLOOD_RECORDS - 1, 1.0)
    usual = Flood("fleet.telemetry", "unknown", 10**6, FLOOD_SHARE)
    assert find(state(), [few, usual]) == ()


def test_each_kind_of_trouble_has_its_page_and_names_its_place() -> None:
    late = table_state("telemetry", "eu", overdue_files=2, overdue_rows=9)
    lost = partition_state(1, lost=7)
    assert found(state(reaches=(away(Place.KAFKA, "kafka"),))) == [
        (Runbook.KAFKA_AWAY, Verdict.ERR, "kafka")
    ]
    assert found(state(reaches=(away(Place.REGION, "eu"),))) == [
        (Runbook.REGION_AWAY, Verdict.ERR, "eu")
    ]
    assert found(state(reaches=(away(Place.WORKER, "http://w"),))) == [
        (Runbook.WORKER_AWAY, Verdict.WARN, "http://w")
    ]
    assert found(state(partitions=(lost,))) == [
        (Runbook.DATA_LOSS, Verdict.WARN, "fleet.telemetry:1")
    ]
    assert found(state(tables=(late,))) == [(Runbook.EXPIRY_LATE, Verdict.ERR, "telemetry in eu")]
    assert found(state(breaches=("telemetry in eu, log entry 7: a gap",))) == [
        (Runbook.COVERAGE_BROKEN, Verdict.ERR, "telemetry in eu, log entry 7")
    ]


def test_every_verdict_but_ok_is_a_problem_with_the_partitions_own_sentence() -> None:
    for verdict in Verdict:
        one = partition_state(3, lag=5, verdict=verdict)
        problems = find(state(partitions=(one,)), ())
        assert [problem.sentence for problem in problems] == (
            [] if verdict is Verdict.OK else [one.sentence]
        )


def test_a_flood_of_dead_letters_is_told_with_its_reason() -> None:
    (one,) = find(state(), [Flood("fleet.telemetry", "not registered", FLOOD_RECORDS, 0.5)])
    assert one.runbook is Runbook.DEAD_LETTERS
    assert one.sentence == "50% of fleet.telemetry's last records are rejected: not registered"


def test_causes_come_before_what_follows_from_them_and_warnings_last() -> None:
    bad = [away(Place.REGION, "us"), away(Place.WORKER, "http://w")]
    one = state(reaches=tuple(bad), partitions=(stuck(3, since=MINUTE, lag=9),))
    pages = [page for page, _, _ in found(one)]
    assert pages == [Runbook.REGION_AWAY, Runbook.PARTITION_STUCK, Runbook.WORKER_AWAY]


def test_what_waits_began_when_the_first_record_came() -> None:
    (one,) = find(state(partitions=(stuck(3, since=4 * MINUTE, lag=9),)), ())
    assert one.since == NOW - 4 * MINUTE


def test_a_problem_that_goes_on_keeps_its_beginning() -> None:
    empty = replace(state().group, members=())  # type: ignore[type-var]  # there is a group
    first = find(state(group=empty), ())
    later = find(state(NOW + MINUTE, group=empty), (), first)
    assert [one.since for one in later] == [NOW]
    again = find(state(NOW + 2 * MINUTE, group=empty), (), ())
    assert [one.since for one in again] == [NOW + 2 * MINUTE]


def test_a_rebalance_is_counted_once_however_long_it_takes() -> None:
    one, two = (Member(name, name, "host", partitions=(("t", 0),)) for name in "ab")
    membership = Membership("fortnight")
    seen = [("Stable", (one,)), ("Stable", (one,)), ("PreparingRebalance", (one, two))]
    seen += [("CompletingRebalance", (two,)), ("Stable", (two,)), ("Stable", (two,))]
    states = [
        membership.state(GroupDescription(word, members), [], NOW + turn * MINUTE)
        for turn, (word, members) in enumerate(seen)
    ]
    assert [group.rebalances for group in states] == [0, 0, 0, 0, 1, 1]
    assert states[-1].rebalanced == NOW + 4 * MINUTE
