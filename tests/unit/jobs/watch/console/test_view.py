from dataclasses import replace
from datetime import timedelta

from support.watched import (
    NOW,
    hour,
    partition_state,
    problem,
    spike,
    state,
    stuck,
    table_state,
)

from jobs.watch.console import pages, parts
from jobs.watch.console.flushes import flushes
from jobs.watch.console.view import STALE, Level, banner
from jobs.watch.problems import Runbook
from jobs.watch.state import Rejected, WorkerState
from jobs.watch.verdict import Verdict

MINUTE = timedelta(minutes=1)


def test_at_first_glance_nothing_is_wrong_and_for_how_long() -> None:
    shown = banner(hour().states, NOW)
    assert (shown.level, shown.headline) == (Level.GOOD, "Nothing is wrong")
    assert "58 min" in shown.detail


def test_a_problem_says_since_when_and_where_it_says_what_to_do() -> None:
    history = hour()
    last = spike(history)
    shown = banner(history.states, last.now)
    assert (shown.level, shown.headline) == (
        Level.CRITICAL,
        "1 problem since 03:13:00 UTC, for 3 min 40 s",
    )
    (trouble,) = shown.troubles
    assert trouble.sentence.startswith("Partition 3 of fleet.telemetry has not moved for 4 min")
    assert trouble.page == "/runbooks/partition-stuck"


def test_problems_of_one_kind_are_one_line_with_the_worst_first() -> None:
    stuck_ones = [problem(f"partition {n} stands still", since=NOW) for n in range(6)]
    kafka = replace(stuck_ones[0], runbook=Runbook.KAFKA_AWAY, sentence="kafka is away")
    shown = banner([state(problems=(*stuck_ones, kafka))], NOW)
    assert shown.headline.startswith("7 problems since")
    assert [trouble.sentence for trouble in shown.troubles] == [
        "Partition 0 stands still",
        "Kafka is away",
    ]
    assert len(shown.troubles[0].alike) == 5


def test_a_warning_alone_is_no_alarm() -> None:
    slow = problem("it falls behind", since=NOW, verdict=Verdict.WARN)
    assert banner([state(problems=(slow,))], NOW).level is Level.WARNING


def test_when_it_is_over_it_is_told_when() -> None:
    history = hour()
    bad = spike(history)
    calm = state(bad.now + MINUTE)
    shown = banner([*history.states, calm], calm.now)
    assert shown.level is Level.GOOD
    assert shown.detail == "The last problem was over at 03:16:40 UTC."


def test_a_watch_that_sees_nothing_says_nothing_of_the_present() -> None:
    late = NOW + STALE + MINUTE
    shown = banner([state()], late)
    assert shown.level is Level.UNKNOWN
    assert shown.troubles[0].page == "/runbooks/watch-away"
    assert banner([], NOW).level is Level.UNKNOWN


def test_what_is_not_well_is_always_shown_first_and_nothing_is_left_out() -> None:
    well = [partition_state(n, lag=n) for n in range(40)]
    bad = [stuck(n, since=n * MINUTE, lag=9) for n in range(40, 50)]
    found = parts.partitions([state(partitions=(*well, *bad))])
    assert {one.partition.number for _, one, _ in found.shown} == set(range(40, 50))
    assert found.shown[0][1].partition.number == 49
    assert len(found.rest) == 40
    assert found.rest_is_well


def test_numbers_that_need_somebody_are_loud() -> None:
    late = table_state("telemetry", "eu", overdue_files=2, overdue_rows=900)
    away = table_state("telemetry", "us", answers=False)
    levels = {one.label: one.level for one in parts.figures(state(tables=(late, away)))}
    assert levels["Files overdue"] is levels["Stalest table"] is Level.CRITICAL
    near = partition_state(1, lag=5, time_to_loss=timedelta(hours=3))
    shown = {one.label: one for one in parts.figures(state(partitions=(near,)))}
    assert shown["Time to data loss"].value == "3 h"
    assert shown["Time to data loss"].level is Level.CRITICAL


def test_flushes_are_those_of_the_last_ten_minutes_also_after_a_restart() -> None:
    def worker(flushes: int, rows: int) -> WorkerState:
        return WorkerState("u", answers=True, flushes=flushes, flushed_rows=rows)

    before = state(NOW - 5 * MINUTE, workers=(worker(100, 1_000),))
    (found,) = flushes([before, state(workers=(worker(110, 3_000),))])
    assert (found.a_minute, found.rows) == (2.0, 200.0)
    (found,) = flushes([before, state(workers=(worker(4, 80),))])
    assert (found.a_minute, found.rows) == (None, 20.0)


def test_while_kafka_or_a_region_is_away_the_page_says_so() -> None:
    history = [state(), state(NOW + MINUTE, group=None, partitions=())]
    page = pages.console(history, NOW + MINUTE)
    assert "Kafka gives no answer, so nothing is known of its partitions" in page
    away = state(tables=(table_state("telemetry", "us", answers=False, freshness=None),))
    assert "AWAY" in pages.console([away], NOW)


def test_of_many_reasons_the_most_frequent_are_seen_first() -> None:
    many = tuple(Rejected("fleet.telemetry", f"reason {n}", n, n, NOW) for n in range(20))
    page = pages.console([state(rejected=many)], NOW)
    assert page.index("reason 19") < page.index("12 more reasons") < page.index("reason 11")


def test_what_a_sentence_holds_is_never_markup() -> None:
    evil = problem("<script>alert(1)</script>", since=NOW)
    page = pages.console([state(problems=(evil,))], NOW)
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
