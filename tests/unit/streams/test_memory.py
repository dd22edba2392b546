import gc
import weakref
from collections.abc import Iterator

import pytest

from streams.memory import TIDY_EVERY, Tidying


class Ring:
    def __init__(self) -> None:
        self.other = self


@pytest.fixture
def quiet() -> Iterator[None]:
    """No search for garbage but those of the test."""
    gc.disable()
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.usefixtures("quiet")
def test_what_only_holds_itself_is_freed_once_it_is_time_and_not_before() -> None:
    now = [0.0]
    tidying = Tidying(lambda: now[0])
    for _ in range(3):
        gone = weakref.ref(Ring())
        now[0] += TIDY_EVERY / 2
        tidying.tick()
        assert gone() is not None
        now[0] += TIDY_EVERY / 2
        tidying.tick()
        assert gone() is None


@pytest.mark.usefixtures("quiet")
def test_what_was_there_before_is_never_looked_at_again() -> None:
    now = [0.0]
    before = weakref.ref(ring := Ring())
    tidying = Tidying(lambda: now[0])
    del ring
    now[0] += TIDY_EVERY
    tidying.tick()
    assert before() is not None
