"""Telling the server how far a reader has got."""

import asyncio
from collections.abc import Awaitable, Callable

from ._retry import Timings, backoff_delay, is_transient
from .errors import BoxError, ResponseTooLargeError, UnreachableError

_BACKLOG = 64
"""Acknowledge at once when this many messages are waiting: well below what a box holds."""


class Acknowledger:
    """One request at a time, with the latest cursor, and at most one per interval unless many messages are waiting.

    After a transient failure it tries again, also if no message comes: until the server has deleted what was handled,
    the box may be full. A refusal is final: only a later cursor can do better.
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
        """Wait until everything has been acknowledged, or another attempt has failed, but not for long."""
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
                try:
                    await self._acknowledge(cursor)
                except (BoxError, ResponseTooLargeError, UnreachableError) as error:
                    if self._flushing or not is_transient(error):
                        return
                    # As if the attempts had gone on.
                    await self._pause(backoff_delay(self._timings.max_attempts, error, self._timings))
                else:
                    self._done = cursor
                    if self._wanted - cursor < _BACKLOG:
                        await self._pause(self._timings.acknowledge_interval)
        finally:
            self._task = None

    async def _pause(self, seconds: float) -> None:
        if self._flushing:
            return
        self._hurry.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            pass
