"""Canaries of a region use four rights; what answers them badly is found out."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec import structs
from support.lake import PARTITION
from support.office import EU, START
from support.rows import path_of, pseudonym, rows_of
from support.town import BOB, TABLES, Town

from jobs.drill import Drill, Outcome
from jobs.drill.steps import Steps
from jobs.drill.witness import Witness
from jobs.kafka import Cluster, KafkaRecord, Topic
from jobs.subjects.access.dossier import Dossier
from jobs.subjects.access.search.people import Person, Robot
from jobs.subjects.access.search.sources import Sources
from jobs.subjects.access.search.spill import Spill
from jobs.subjects.case import Case
from jobs.subjects.confirm import Searcher
from jobs.subjects.erase import ACT as ERASED
from jobs.subjects.erase import BEGUN, COMPLETE, Erased, Eraser
from jobs.subjects.restrict import Restricted, Restricter
from schemas.canaries import canaries
from schemas.drills import FAILED, PASSED, STEPS, drills
from schemas.errors import IntegrityError, PolicyError, StoreUnavailableError
from schemas.ledger import Entry
from schemas.lineage import Partition
from schemas.policies import Policies
from schemas.privacy import canonical
from schemas.requests import Right, register
from schemas.retention import FORTNIGHT
from schemas.tables import DEAD_LETTERS, TELEMETRY, Table
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.layout import object_key
from storage.parquet import describe, encode
from storage.store import ObjectInfo

HERE = [one for one in canaries() if one.region == EU]
DEVICES = [one.device for one in HERE]


class Silence:
    """A Kafka that has no records any more."""

    def topics(self, names: Iterable[str]) -> dict[str, Topic]:
        return {name: Topic(name, "AAAA", 1, {}) for name in names}

    def beginnings(self, topic: Topic) -> dict[int, int]:
        del topic
        return {0: 0}

    def records(self, partition: Partition, *, first: int) -> Iterator[KafkaRecord]:
        del partition, first
        return iter(())


def bound(town: Town, device: str, at: datetime = START - FORTNIGHT) -> None:
    """A canary is registered."""
    town.told.register(device, at)
    (canary,) = (one for one in HERE if one.device == device)
    of = {"vendor": canary.vendor, "account": canary.account, "country": canary.country}
    change(town, device, of)


def change(town: Town, device: str, words: Mapping[str, str]) -> None:
    """It is registered as something else."""
    listed = town.told.roll.of(device)
    assert listed.registration is not None
    registration = structs.replace(listed.registration, **words)
    town.told.devices[canonical(device)] = replace(listed, registration=registration)


def steps(town: Town) -> Steps:
    estate, roll = town.estate(), town.told.roll
    letters = Destination(DEAD_LETTERS, EU, DirectoryStore(town.folder / "eu"))
    sources = Sources(
        region=EU,
        tables=estate.tables,
        restricted=estate.aside,
        holds=None,
        unwrap=lambda _: b"",
        dead_letters=letters,
        cluster=cast("Cluster", Silence()),
        keyring=town.keys,
        late_window=timedelta(days=9),
    )

    def bind(devices: Collection[str]) -> None:
        for device in devices:
            bound(town, device, town.now + timedelta(seconds=1))

    return Steps(
        roll=roll,
        searcher=Searcher(estate, roll, town.keys),
        sources=sources,
        restricter=town.restricter(),
        eraser=town.eraser(),
        policies=Policies.shipped(),
        bind=bind,
    )


def drill(town: Town, **other: Any) -> list[Outcome]:  # noqa: ANN401 - fields of Steps
    return Drill(town.house.office(town.now), replace(steps(town), **other)).run()


def made(folder: Path, devices: Collection[str], *tables: Table) -> Town:
    """A town in which some canaries run, and have rows in some tables."""
    town = Town.build(folder)
    Destination(DEAD_LETTERS, EU, DirectoryStore(folder / "eu")).create()
    for device in devices:
        bound(town, device)
    for table in tables:
        town.store(table, *devices)
    return town


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """One canary runs."""
    return made(tmp_path, DEVICES[:1], TELEMETRY)


def speak(town: Town) -> None:
    """The canary says something; nobody else's rows lie beside it."""
    (name,) = town.names(DEVICES[0])
    rows = town.rows_at(name, town.now + timedelta(minutes=1))
    town.commit(town.estate().tables[0], rows, town.now + FORTNIGHT)


def witness(town: Town, since: datetime = START - FORTNIGHT) -> Witness:
    return Witness.of(HERE[0], town.keys, since)


def states(found: Sequence[Outcome]) -> set[str]:
    return {one.state for one in found}


def test_canaries_are_answered_everything_and_go_on_running_as_if_nobody_had_known_them(
    tmp_path: Path,
) -> None:
    town = made(tmp_path, DEVICES, *TABLES)
    others = {name: rows.num_rows for name, rows in town.everything().items()}
    assert [(one.vendor, one.state) for one in drill(town)] == [(c.vendor, PASSED) for c in HERE]
    assert not any(town.traces(device) for device in DEVICES)
    mine = len(DEVICES) * 3
    assert {name: rows.num_rows + mine for name, rows in town.everything().items()} == others
    told = town.house.office().ledger.entries()
    assert {key: one.done for key, one in drills(told).items()} == {
        (one.vendor, step): START for one in HERE for step in STEPS
    }
    assert all(one.closed for one in register(told).values())


def test_what_is_on_its_way_is_waited_for_and_each_request_is_asked_once(town: Town) -> None:
    town.told.late = (PARTITION,)
    assert states(drill(town)) == {"pending"}
    assert not town.seen(DEVICES[0])
    town.told.late = ()
    assert states(drill(town)) == {PASSED}
    told = town.house.told()
    assert [told.count(name) for name in ("requests open", "requests answer")] == [4, 4]
    assert told.count("drill access") == 1


def test_one_that_was_erased_and_never_bound_again_is_bound_before_it_is_drilled(
    town: Town,
) -> None:
    assert states(drill(town, bind=lambda _: None)) == {PASSED}
    town.now += timedelta(minutes=9)
    bound = list[str]()
    assert states(drill(town, bind=bound.extend)) == {"pending"}
    assert bound == DEVICES[:1]


def test_one_that_was_just_bound_has_time_to_speak_and_later_has_to(town: Town) -> None:
    assert states(drill(town)) == {PASSED}
    town.now += timedelta(minutes=9)
    assert states(drill(town)) == {"pending"}
    town.now += timedelta(hours=1)
    (failed,) = drill(town)
    assert (failed.state, failed.said[:8]) == (FAILED, "confirm:")


def test_a_drill_that_was_cut_off_when_its_canary_was_bound_again_is_over(town: Town) -> None:
    bind = steps(town).bind

    def cut_off(devices: Collection[str]) -> None:
        bind(devices)
        if devices:
            raise StoreUnavailableError("somewhere")

    with pytest.raises(StoreUnavailableError):
        drill(town, bind=cut_off)
    speak(town)
    assert states(drill(town)) == {PASSED}
    assert town.seen(DEVICES[0])


class Forgetful(Eraser):
    """Tells that nothing is left, and does nothing."""

    def erase(self, cases: Sequence[Case], entries: object) -> list[Erased]:
        del entries
        for case in cases:
            case.tell(ERASED, scope={"state": BEGUN})
            case.tell(ERASED, scope={"state": COMPLETE})
        return [Erased(case, rows=0, files=1, waiting=(), restricted=0) for case in cases]


class Careless(Eraser):
    """Takes rows out of tables, and leaves the bytes of their files."""

    def erase(self, cases: Sequence[Case], entries: Collection[Entry]) -> list[Erased]:
        store = self.estate.store
        before = {one.key: store.get(one.key) for one in store.list("telemetry/date=")}
        done = super().erase(cases, entries)
        for key, data in before.items():
            store.put(key, data)
        return done


class Lenient(Restricter):
    """Says that rows are put aside, and that they came back."""

    def restrict(self, cases: Sequence[Case], *, preserved: bool = False) -> list[Restricted]:
        del preserved
        return [Restricted(case, 9) for case in cases]

    def lift(self, cases: Sequence[Case]) -> list[Restricted]:
        return [Restricted(case, 9) for case in cases]


class Keeping(Restricter):
    """Never gives back."""

    def lift(self, cases: Sequence[Case]) -> list[Restricted]:
        return [Restricted(case, 9) for case in cases]


class Sparing(Sources):
    """Leaves a table out."""

    def search(self, people: Sequence[Person], spill: Spill, now: datetime) -> list[Dossier]:
        found = Sources.search(self, people, spill, now)
        return [replace(one, kept=one.kept[1:]) for one in found]


class Generous(Sources):
    """Gives somebody else's rows along."""

    def search(self, people: Sequence[Person], spill: Spill, now: datetime) -> list[Dossier]:
        (asking,) = people
        other = Robot(2, BOB, asking.robots[0].registration)
        both = replace(asking, robots=(*asking.robots, other))
        return Sources.search(self, [both], spill, now)


def _as(kind: type, part: Any) -> Any:  # noqa: ANN401 - a part of Steps as another kind
    return kind(**{one.name: getattr(part, one.name) for one in fields(part)})


@pytest.mark.parametrize(
    ("kind", "part", "step"),
    [
        (Forgetful, "eraser", Right.ERASE),
        (Careless, "eraser", Right.ERASE),
        (Lenient, "restricter", Right.RESTRICT),
        (Keeping, "restricter", Right.RESTRICT),
        (Sparing, "sources", Right.ACCESS),
        (Generous, "sources", Right.ACCESS),
    ],
)
def test_a_violation_of_a_canarys_right_is_found_and_the_same_drill_goes_on_when_that_is_mended(
    kind: type, part: str, step: Right, town: Town
) -> None:
    town.store(TELEMETRY, BOB)
    broken = {part: _as(kind, getattr(steps(town), part))}
    (failed,) = drill(town, **broken)
    assert failed.state == FAILED
    assert failed.said.startswith(f"{step}: ")
    found = drills(town.house.office().ledger.entries())
    assert {right for (_, right), one in found.items() if one.failed} == {step}
    assert states(drill(town)) == {PASSED}


def test_an_erasure_that_left_something_stays_a_failure_when_somebody_binds_the_canary(
    town: Town,
) -> None:
    broken = {"eraser": _as(Forgetful, town.eraser())}
    assert states(drill(town, **broken)) == {FAILED}
    town.now += timedelta(minutes=9)
    steps(town).bind(DEVICES[:1])
    speak(town)
    assert states(drill(town, **broken)) == {FAILED}
    assert states(drill(town)) == {PASSED}
    assert len(town.seen(DEVICES[0])) == 1


def test_a_name_is_found_behind_any_number_of_newer_files(tmp_path: Path) -> None:
    town = made(tmp_path, DEVICES[:1], TELEMETRY)
    table, others = town.estate().tables[0], rows_of(TELEMETRY, 1, device=[pseudonym(1)])
    data, expires = encode(others, TELEMETRY), START + FORTNIGHT + timedelta(hours=1)
    paths = [path_of(1000 + n, expires=expires) for n in range(201)]
    for path in paths:
        table.store.put(object_key(TELEMETRY.name, path), data)
    table.versions(["writer"])
    table.append([describe(others, data, path, START) for path in paths], {"writer": 1})
    assert witness(town).traces([table]) == 1
    assert len(witness(town).rows([table])) == 3
    assert witness(town, START + timedelta(days=2)).traces([table]) == 0


def test_a_damaged_file_is_named_and_one_of_which_an_old_version_is_left_counts(
    tmp_path: Path,
) -> None:
    class Versioned(DirectoryStore):
        def list_versions(self, prefix: str = "") -> Iterator[ObjectInfo]:
            yield from (one for one in [ObjectInfo(key, 9, START)] if one.key.startswith(prefix))

    key = object_key(TELEMETRY.name, path_of(1))
    store = Versioned(tmp_path)
    table = Destination(TELEMETRY, EU, store)
    one = Witness(frozenset({pseudonym(1)}), START - timedelta(days=99))
    assert one.traces([table]) == one.former([table]) == 1
    store.put(key, b"PAR1 and nothing behind it")
    with pytest.raises(IntegrityError, match=key):
        one.traces([table])


@pytest.mark.parametrize(
    "changed", [{"vendor": "smarock"}, {"account": "ada@example.com"}, {"country": "FR"}]
)
def test_a_device_that_took_a_canarys_name_is_asked_nothing(
    changed: dict[str, str], town: Town
) -> None:
    change(town, DEVICES[0], changed)
    with pytest.raises(PolicyError, match=DEVICES[0]):
        drill(town)
    assert not town.house.told()
    assert town.seen(DEVICES[0])
