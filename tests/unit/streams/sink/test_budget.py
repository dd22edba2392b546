import asyncio

import pytest

from streams.sink.budget import Budget


@pytest.mark.parametrize(
    ("collected", "in_flight", "what"),
    [
        (40, 0, "waits"),  # less than half is held
        (50, 0, "goes"),
        (25, 25, "goes"),
        (24, 70, "waits"),  # a small share would become a tiny file
        (1, 99, "goes"),  # nothing more fits: everything has to go
    ],
)
def test_a_share_is_flushed_when_it_is_large_or_nothing_more_fits(
    collected: int, in_flight: int, what: str
) -> None:
    async def held() -> bool:
        budget = Budget(100)
        budget.take(in_flight)
        budget.take(collected)
        return budget.presses(collected)

    assert asyncio.run(held()) is (what == "goes")


def test_who_would_hold_more_waits_until_somebody_gives() -> None:
    async def story() -> list[str]:
        budget, told = Budget(100), []
        budget.take(100)
        waiting = asyncio.ensure_future(budget.room())
        await asyncio.sleep(0)
        told.append("waits" if not waiting.done() else "passes")
        budget.give(1)
        await waiting
        told.append("passes")
        return told

    assert asyncio.run(story()) == ["waits", "passes"]
