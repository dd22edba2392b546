from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.verified import ages, columns, identifiers, receipts, subjects
from support.verified.house import House, broken, findings
from support.verified.planting import Mischief

from jobs.verify.sample import Sampling

ALL: tuple[Mischief, ...] = (
    *ages.MISCHIEF,
    *columns.MISCHIEF,
    *identifiers.MISCHIEF,
    *subjects.MISCHIEF,
    *receipts.MISCHIEF,
)


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with TemporaryDirectory() as folder:
        yield House.build(Path(folder) / "clean")


@pytest.mark.parametrize("mischief", ALL, ids=str)
def test_a_violation_is_found_by_the_promises_that_it_breaks_and_by_no_other(
    mischief: Mischief, house: House, tmp_path: Path
) -> None:
    copy = house.copy(tmp_path / "copy")
    outcome = (mischief.plant(copy) or copy).verify()
    assert broken(outcome) == mischief.breaks, "\n".join(findings(outcome))


@pytest.mark.parametrize("seed", range(10))
def test_where_every_promise_is_kept_none_is_found_broken(seed: int, house: House) -> None:
    outcome = house.verify(Sampling(seed, at_least=5))
    assert not list(findings(outcome))
