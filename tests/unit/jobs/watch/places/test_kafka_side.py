from collections.abc import Mapping
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from support.rows import NOW

from jobs.watch.places.kafka_side import KnownTimes
from schemas.lineage import Partition

questions = st.lists(st.dictionaries(st.integers(0, 3), st.integers(0, 3), max_size=4), max_size=8)


def partition(number: int) -> Partition:
    return Partition("fleet.telemetry", "AAAA", number)


@given(questions)
def test_times_are_those_of_a_fetch_of_everything_while_only_what_is_new_is_fetched(
    asked: list[dict[int, int]],
) -> None:
    fetched: list[Mapping[Partition, int]] = []

    def came(wanted: Mapping[Partition, int]) -> dict[Partition, datetime]:
        """An odd offset has no record behind it."""
        return {
            one: NOW + timedelta(seconds=10 * one.number + offset)
            for one, offset in wanted.items()
            if offset % 2 == 0
        }

    def fetch(wanted: Mapping[Partition, int]) -> dict[Partition, datetime]:
        fetched.append(wanted)
        return came(wanted)

    times, before = KnownTimes(), dict[Partition, int]()
    for question in asked:
        wanted = {partition(number): offset for number, offset in question.items()}
        assert times.ask(fetch, wanted) == came(wanted)
        known = {one for one, offset in wanted.items() if before.get(one) == offset}
        assert not {one for one in fetched[-1] if one in known and wanted[one] % 2 == 0}
        before = wanted
