from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from threading import Event, get_ident

import pytest
from support.rows import NOW

from jobs.watch.places.asking import Asker
from jobs.watch.reach import Place
from schemas.errors import StoreUnavailableError

SECOND = timedelta(seconds=1)
Make = Callable[[timedelta], Asker]


@pytest.fixture
def ask() -> Iterator[Asker]:
    """An asker of a place that may take its time."""
    with closing(Asker(Place.REGION, "eu", timedelta(minutes=1))) as asker:
        yield asker


def away() -> int:
    raise StoreUnavailableError("telemetry in eu: the log gave no answer")


def refused() -> int:
    raise ConnectionRefusedError


def test_an_answer_comes_with_the_place_that_gave_it(ask: Asker) -> None:
    reach, found = ask.ask(lambda: 7, NOW)()
    assert (reach.kind, reach.name, reach.answers, reach.problem) == (Place.REGION, "eu", True, "")
    assert found == 7


def test_a_place_is_away_since_it_first_did_not_answer_and_says_why(ask: Asker) -> None:
    seen = [
        ask.ask(question, NOW + turn * SECOND)()[0]
        for turn, question in enumerate([lambda: 7, away, refused, lambda: 7])
    ]
    assert [one.answers for one in seen] == [True, False, False, True]
    assert [(one.since - NOW) / SECOND for one in seen] == [0, 1, 1, 3]
    assert seen[1].problem == "telemetry in eu: the log gave no answer"
    assert seen[2].problem == "ConnectionRefusedError"


def test_a_bug_is_not_taken_for_a_place_that_is_away(ask: Asker) -> None:
    def bug() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask.ask(bug, NOW)()


def test_a_place_that_hangs_delays_nobody_and_is_asked_again_once_it_has_answered() -> None:
    freed = Event()
    with closing(Asker(Place.KAFKA, "kafka", timedelta(0))) as hurried:
        first = hurried.ask(freed.wait, NOW)
        reach, found = first()
        assert (reach.answers, found) == (False, None)
        asked: list[int] = []
        reach, _ = hurried.ask(lambda: asked.append(1), NOW + SECOND)()
        assert (reach.answers, reach.since, asked) == (False, NOW, [])
        assert reach.problem == f"no answer since {NOW:%H:%M:%S} UTC"
        freed.set()
        while not asked:
            hurried.ask(lambda: asked.append(1), NOW + SECOND)()


def test_a_place_is_always_asked_by_the_same_thread(ask: Asker) -> None:
    assert len({ask.ask(get_ident, NOW)()[1] for _ in range(5)}) == 1
