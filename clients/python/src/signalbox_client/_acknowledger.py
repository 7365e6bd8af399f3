"""Telling the server how far a reader has got."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from ._retry import Timings, backoff_delay, is_transient
from .errors import BoxError, ResponseTooLargeError, UnreachableError

_BACKLOG = 64
"""Acknowledge at once when this many messages are waiting: well below what a box holds."""


class Acknowledger:
    """One request at a time, with the latest cursor, and at most one per interval unless many messages are waiting.

    After a transient failure it tries again, ever less often and not before the server allows, also if no message comes:
    until the server has deleted what was handled, the box may be full. After a refusal it waits for a later cursor. Who
    leaves the loop does not wait: what is left to acknowledge is sent at once.
    """

    def __init__(self, acknowledge: Callable[[int, Timings], Awaitable[object]], timings: Timings):
        self._acknowledge = acknowledge
        self._timings = timings
        self._wanted = 0
        self._tried = 0
        self._done = 0
        self._failures = 0
        self._leaving = False
        self._task: asyncio.Task[None] | None = None
        self._pause_ends = asyncio.Event()

    def advance(self, cursor: int) -> None:
        """Call when the consumer has handled every message up to and including this cursor."""
        self._wanted = cursor
        if self._failures == 0 and self._has_backlog():
            self._pause_ends.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def flush(self) -> None:
        """Call when the loop is left. Waits until everything has been acknowledged, but not for long."""
        self._leaving = True
        self._pause_ends.set()
        try:
            async with asyncio.timeout(self._timings.flush_timeout):
                if self._task is not None:
                    await asyncio.wait([self._task])
                if self._done < self._wanted:
                    timings = replace(self._timings, max_retry_after=self._timings.flush_timeout)
                    await self._acknowledge(self._wanted, timings)
        except (BoxError, ResponseTooLargeError, UnreachableError, TimeoutError):
            pass
        finally:
            self.stop()

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        # One attempt, so that the next one sends what is then the latest cursor.
        once = replace(self._timings, max_attempts=1)
        try:
            while not self._leaving and (self._failures > 0 or self._tried < self._wanted):
                self._tried = self._wanted
                pause = self._timings.acknowledge_interval
                try:
                    await self._acknowledge(self._tried, once)
                    self._done = self._tried
                    self._failures = 0
                except (BoxError, ResponseTooLargeError, UnreachableError) as error:
                    self._failures = self._failures + 1 if is_transient(error) else 0
                    if self._failures == 0:
                        # It is not sent again when the loop is left: by then, another box may be there.
                        self._done = self._tried
                    else:
                        pause = backoff_delay(self._failures, error, self._timings)
                if self._failures > 0 or not self._has_backlog():
                    await self._pause(pause)
        finally:
            self._task = None

    def _has_backlog(self) -> bool:
        return self._wanted - self._tried >= _BACKLOG

    async def _pause(self, seconds: float) -> None:
        if self._leaving:
            return
        self._pause_ends.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._pause_ends.wait()
        except TimeoutError:
            pass
