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

    @property
    def is_full(self) -> bool:
        """Whether the next one has to wait: time to flush whatever is held."""
        return not self._room.is_set()

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
