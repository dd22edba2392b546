"""One budget of bytes a worker, over all its partitions: collected, encoded and in flight."""

import asyncio


class Budget:
    """Bytes that a worker may hold; whoever would hold more waits, and so does Kafka.

    Belongs to one event loop. A single batch larger than the limit passes when nothing is held.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self._room = asyncio.Event()
        self._room.set()

    def presses(self, size: int) -> bool:
        """Whether who collected so much should flush it now.

        When half is held a large share goes, so that collecting goes on meanwhile; small ones
        wait, or they would become tiny files. When nothing more fits, everything goes.
        """
        is_half = 2 * self.held >= self.limit
        return not self._room.is_set() or (is_half and 4 * size >= self.limit)

    async def room(self) -> None:
        """Wait until less than the limit is held."""
        await self._room.wait()

    def take(self, size: int) -> None:
        """Hold bytes."""
        self.held += size
        self._settle()

    def give(self, size: int) -> None:
        """Hold them no longer."""
        self.held -= size
        self._settle()

    def _settle(self) -> None:
        if self.held < self.limit:
            self._room.set()
        else:
            self._room.clear()
