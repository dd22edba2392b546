from datetime import UTC, date, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from jobs.verify.sample import Sampling
from jobs.verify.stored.files import StoredFile

_FIRST = date(2026, 11, 1)
_HOUR = datetime(2026, 11, 20, tzinfo=UTC)


def file(number: int, table: str, day: int) -> StoredFile:
    key = f"{table}/{day}/{number}"
    return StoredFile("b", "eu", table, key, _FIRST + timedelta(days=day), _HOUR, 1)


files = st.lists(
    st.tuples(st.integers(0, 9999), st.sampled_from(["a", "b"]), st.integers(0, 3)),
    unique=True,
    max_size=60,
).map(lambda made: [file(*one) for one in made])


@given(files, st.integers(0, 99), st.randoms())
def test_the_same_seed_draws_the_same_sample_in_whatever_order_files_come(
    given_files: list[StoredFile],
    seed: int,
    random: Random,
) -> None:
    sampling = Sampling(seed, at_least=7)
    other = list(given_files)
    random.shuffle(other)
    assert sampling.choose(given_files) == sampling.choose(other)


@given(files)
def test_a_sample_leaves_out_no_table_and_no_date_and_is_as_large_as_is_asked(
    given_files: list[StoredFile],
) -> None:
    chosen = Sampling(at_least=7).choose(given_files)
    assert {one.stratum for one in chosen} == {one.stratum for one in given_files}
    assert len(chosen) >= min(7, len(given_files))


@given(files)
def test_deep_leaves_out_nothing(given_files: list[StoredFile]) -> None:
    assert set(Sampling(at_least=1, deep=True).choose(given_files)) == set(given_files)
