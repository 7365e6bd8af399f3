"""Telling the server how far a reader has got."""

import asyncio
from collections.abc import Awaitable, Callable

from ._retry import Timings
from .errors import BoxError, ResponseTooLargeError, UnreachableError

_BACKLOG = 64
"""Acknowledge at once when this many messages are waiting: well below what a box holds."""


class Acknowledger:
    """One request at a time, with the latest cursor, and at most one per interval unless many messages are waiting.

    A request that fails for good is dropped: the next one carries a later cursor, and until then, the server merely
    keeps the messages for longer.
    """

    def __init__(self, acknowledge: Callable[[int], Awaitable[object]], timings: Timings):
        self._acknowledge = acknowledge
        self._timings = timings
        self._wanted = 0
        self._done = 0
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._flushing = False

    def advance(self, cursor: int) -> None:
        """Call when the consumer has handled every message up to and including this cursor."""
        self._wanted = cursor
        if cursor - self._done >= _BACKLOG:
            self._hurry.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def flush(self) -> None:
        """Wait until everything has been acknowledged, but not for long."""
        self._flushing = True
        self._hurry.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=self._timings.flush_timeout)
        self.stop()

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            while self._done < self._wanted:
                cursor = self._wanted
                await self._acknowledge(cursor)
                self._done = cursor
                await self._pause()
        except (BoxError, ResponseTooLargeError, UnreachableError):
            pass  # Dropped; see the class.
        finally:
            self._task = None

    async def _pause(self) -> None:
        if self._flushing or self._wanted - self._done >= _BACKLOG:
            return
        self._hurry.clear()
        try:
            async with asyncio.timeout(self._timings.acknowledge_interval):
                await self._hurry.wait()
        except TimeoutError:
            pass
