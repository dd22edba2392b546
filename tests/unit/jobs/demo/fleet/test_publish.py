from jobs.demo.fleet.publish import Counts, Line, at_their_pace, lines
from jobs.demo.fleet.records import Fate, Record
from schemas.regions import Region


def test_a_record_waits_until_it_is_due_and_a_late_one_goes_at_once() -> None:
    waits: list[float] = []

    def stopped(seconds: float) -> bool:
        waits.append(seconds)
        return False

    pace = at_their_pace(stopped)
    assert pace(100.0)
    assert pace(0.0)
    assert 99 < waits[0] <= 100
    assert waits[1] == 0


def test_who_is_asked_to_stop_lets_no_record_go() -> None:
    assert not at_their_pace(lambda _: True)(0.0)


def test_counts_say_what_was_sent_and_what_it_should_become() -> None:
    counts = Counts()
    for fate in (Fate("stored", Region("eu")), Fate("stored", Region("eu")), Fate("rejected")):
        counts.add(Record(0.0, "fleet.telemetry", b"d", b"{}", (), fate))
    assert str(counts) == ("sent 3 records: fleet.telemetry 3\nto become: rejected 1, stored eu 2")


def test_a_journal_is_read_back_line_by_line() -> None:
    text = '{"topic":"t","partition":1,"offset":7,"how":"stored","region":"eu","why":""}\n'
    assert list(lines([text])) == [Line("t", 1, 7, "stored", "eu", "")]
