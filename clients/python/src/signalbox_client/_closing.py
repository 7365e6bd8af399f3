"""Ending work from outside of the task that does it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .errors import BoxClosedError


class Closing:
    """Once it is closed, work that runs under it ends, and no other begins: both raise a ``BoxClosedError``."""

    def __init__(self) -> None:
        self.closed = False
        self._running: set[asyncio.Timeout] = set()

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        if self.closed:
            raise BoxClosedError
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._running.add(scope)
                yield
        except TimeoutError:
            if scope.expired():
                raise BoxClosedError from None
            raise
        finally:
            self._running.discard(scope)

    def close(self) -> None:
        self.closed = True
        while self._running:
            self._running.pop().reschedule(0)
