import asyncio

import pytest

from schemas.errors import ConflictError, IntegrityError, StoreUnavailableError
from streams.kafka.app import CRASHED, STOPPED, exit_code, insist
from streams.kafka.watchdog import TEMPORARY_FAILURE


def test_what_time_may_heal_is_tried_until_it_works() -> None:
    tries = iter([StoreUnavailableError("away"), ConflictError("refused"), None])

    async def attempt() -> str:
        if (error := next(tries)) is not None:
            raise error
        return "done"

    assert asyncio.run(insist(attempt)) == "done"


@pytest.mark.parametrize("error", [IntegrityError("broken"), ValueError("a bug")])
def test_what_time_does_not_heal_is_not_tried_again(error: Exception) -> None:
    tries = iter([error])

    async def attempt() -> None:
        raise next(tries)

    with pytest.raises(type(error)):
        asyncio.run(insist(attempt))


def test_exit_codes_say_who_has_to_act() -> None:
    def fail(error: Exception) -> int:
        raise error

    assert exit_code(lambda: STOPPED) == 0
    assert exit_code(lambda: fail(StoreUnavailableError("away"))) == TEMPORARY_FAILURE
    assert exit_code(lambda: fail(IntegrityError("broken"))) == CRASHED
