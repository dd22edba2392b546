from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lake import PARTITION, Writer, empty
from support.rows import NOW

from jobs import dead_letters, replay
from jobs.dead_letters import DeadLetter, Selection, accept
from jobs.kafka import KafkaRecord
from schemas.errors import SettingsError, StoreUnavailableError
from schemas.lineage import Partition, Position
from schemas.retention import microseconds
from schemas.tables import DEAD_LETTERS
from storage.lake import Destination
from storage.log import DataFile
from storage.receipts import Receipt
from streams.sink.flushes import ACCEPTED
from streams.stages import decode

HOUR = timedelta(hours=1)
OTHER = Partition("fleet.map-tiles", "BBBB", 1)


def letter(offset: int, partition: Partition = PARTITION, reason: str = "why") -> DeadLetter:
    return DeadLetter(Position(partition, offset), NOW, reason)


def record(**given: object) -> KafkaRecord:
    plain = KafkaRecord(Position(PARTITION, 7), NOW, b"serial", b"{}", ())
    return replace(plain, **given)  # type: ignore[arg-type]


def stored(folder: Path, *letters: DeadLetter) -> Destination:
    """A table of these dead letters."""
    destination = empty(folder, DEAD_LETTERS)
    writer = Writer(destination)
    partitions = [one.position.partition for one in letters]
    columns: dict[str, Sequence[Any]] = {
        "topic": [one.topic for one in partitions],
        "topic_id": [one.topic_id for one in partitions],
        "partition": [one.number for one in partitions],
        "offset": [one.position.offset for one in letters],
        "ingest_time": [one.ingest_time for one in letters],
        "reason": [one.reason for one in letters],
    }
    writer.commit(writer.put(NOW + HOUR, rows=len(letters), **columns))
    return destination


def test_dead_letters_are_chosen_by_topic_reason_time_and_place(tmp_path: Path) -> None:
    first, second = letter(3, reason="the record has no value"), letter(1)
    third = replace(letter(2, OTHER, reason="x has no y"), ingest_time=NOW + HOUR)
    destination = stored(tmp_path, first, second, third)

    def chosen(**given: object) -> list[DeadLetter]:
        return dead_letters.read(destination, Selection(**given))  # type: ignore[arg-type]

    assert chosen() == [third, second, first]
    assert chosen(topic="fleet.telemetry") == [second, first]
    assert chosen(reason="has no") == [third, first]
    assert chosen(since=NOW + HOUR) == [third]
    assert chosen(until=NOW + HOUR) == [second, first]
    assert chosen(topic=PARTITION.topic, place=first.position) == [first]


def test_of_a_record_nothing_is_told_that_its_sender_chose() -> None:
    headers = (("content-type", b"Serial-1"), ("Serial-2", b"Serial-3"))
    told = dict(dead_letters.describe(record(headers=headers, key=b"Serial-4", value=b"Serial-5")))
    assert told["headers"] == "content-type, 1 others"
    assert told["record key"] == told["value"] == "8 bytes"
    assert "Serial" not in str(told)
    assert dict(dead_letters.describe(record(value=None)))["value"] == "none"


def test_a_raw_record_is_not_in_its_repr() -> None:
    assert "serial" not in repr(record())


@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from([PARTITION, OTHER])), unique=True),
    st.sets(st.tuples(st.integers(0, 20), st.sampled_from([PARTITION, OTHER]))),
    st.integers(0, 20),
)
def test_each_letter_is_sent_or_has_a_mark_or_is_gone(
    places: list[tuple[int, Partition]], sent: set[tuple[int, Partition]], begins: int
) -> None:
    letters = [letter(*place) for place in places]
    marks = {replay.mark(Position(partition, offset)) for offset, partition in sent}
    plan = replay.plan(letters, marks, {PARTITION: begins})
    assert len(plan.send) + plan.sent_before + len(plan.gone) == len(letters)
    assert not {replay.mark(one.position) for one in (*plan.send, *plan.gone)} & marks
    assert all(one.position.partition == PARTITION for one in plan.send)
    assert all(one.position.offset >= begins for one in plan.send)
    assert all(one.position.partition == OTHER or one.position.offset < begins for one in plan.gone)


def test_a_copy_is_the_record_and_says_where_it_is_from() -> None:
    headers = (("content-type", b"application/msgpack"), ("Serial-2", b"x"))
    made = replay.copy(record(headers=headers))
    assert (made.key, made.value) == (b"serial", b"{}")
    assert made.headers == (
        ("content-type", b"application/msgpack"),
        ("fortnight-first-ingest", b"%d" % microseconds(NOW)),
        ("fortnight-replay-of", b"AAAA/0/7"),
    )


@pytest.mark.parametrize(
    ("said", "first"),
    [(b"5", 5), (b"junk", microseconds(NOW)), (b"9" * 25, microseconds(NOW)), (b"", None)],
)
def test_a_copy_of_a_copy_keeps_the_first_ingest_time(said: bytes, first: int | None) -> None:
    made = replay.copy(record(headers=((replay.FIRST_INGEST, said),)))
    expected = microseconds(NOW) if first is None else first
    assert dict(made.headers)[replay.FIRST_INGEST] == b"%d" % expected


def test_both_sides_say_the_same_words() -> None:
    assert replay.FIRST_INGEST == decode.FIRST_INGEST
    assert dead_letters.ACCEPTED == ACCEPTED


def accepted(destination: Destination) -> int | None:
    name = ACCEPTED + PARTITION.application_id
    return destination.versions([name])[name]


def test_accepting_is_recorded_once_and_never_taken_back(tmp_path: Path) -> None:
    destination = empty(tmp_path, DEAD_LETTERS)
    assert accept(destination, PARTITION, until=7, end=8) == 7
    assert accept(destination, PARTITION, until=5, end=8) == 7
    assert accepted(destination) == 7
    before = destination.version()
    assert accept(destination, PARTITION, until=7, end=8) == 7
    assert destination.version() == before


def test_what_has_not_come_yet_cannot_be_accepted(tmp_path: Path) -> None:
    destination = empty(tmp_path, DEAD_LETTERS)
    with pytest.raises(SettingsError, match="0 ends at 8"):
        accept(destination, PARTITION, until=8, end=8)
    assert accepted(destination) is None


def test_accepting_survives_answers_that_get_lost(tmp_path: Path) -> None:
    class Forgetful(Destination):
        """Commits, and does not say so."""

        def append(
            self,
            files: Sequence[DataFile],
            versions: Mapping[str, int],
            receipt: Receipt | None = None,
            *,
            reason: str = "",
        ) -> None:
            super().append(files, versions, receipt, reason=reason)
            raise StoreUnavailableError("no answer")

    made = empty(tmp_path, DEAD_LETTERS)
    forgetful = Forgetful(DEAD_LETTERS, made.region, made.store)
    assert accept(forgetful, PARTITION, until=7, end=8) == 7
    assert [dict(entry.versions) for entry in made.entries()][1:] == [
        {ACCEPTED + PARTITION.application_id: 7}
    ]
