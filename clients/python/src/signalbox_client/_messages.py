"""A loop over the messages of a box."""

import asyncio
import weakref
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from ._acknowledger import Acknowledger
from ._closing import Closing
from ._follow import Message, follow
from .errors import BoxClosedError

if TYPE_CHECKING:
    from ._box import Box

T = TypeVar("T")


class Loop:
    """The state of a loop, apart from the iterator that the caller holds."""

    def __init__(self, box: "Box", after: int):
        self._box = box
        self._cursor = after
        self._batch: deque[Message] = deque()
        self._follow: AsyncGenerator[list[Message], None] | None = None
        self._acknowledger = Acknowledger(box._put, box._source.timings)
        self._handled: int | None = None
        self._begun = False
        self._closing = Closing()
        self._lock = asyncio.Lock()

    @property
    def waiting(self) -> bool:
        return self._lock.locked()

    async def next(self) -> Message:
        async with self._box._closing.guard(), self._closing.guard(), self._lock:
            if not self._begun:
                self._begun = True
                # What was handled before may still fill the box, and then the message waited for cannot be stored.
                if self._cursor > self._box._acknowledged:
                    self._acknowledger.advance(self._cursor)
            if self._handled is not None:
                self._box._position = self._handled
                self._acknowledger.advance(self._handled)
                self._handled = None
            while not self._batch:
                if self._follow is None:
                    self._follow = follow(self._box._source, self._cursor)
                try:
                    self._batch.extend(await anext(self._follow))
                except asyncio.CancelledError:
                    # Perhaps by a timeout of the caller, who may well ask again.
                    self._follow = None
                    raise
            message = self._batch.popleft()
            self._cursor = self._handled = message.seq
            self._box._position = message.seq - 1
            return message

    async def aclose(self, *, flush: bool) -> None:
        """Release the connection. The message at which the loop was left is not acknowledged."""
        self._closing.close()
        try:
            async with self._lock:
                if self._follow is not None:
                    await self._follow.aclose()
                if flush:
                    await self._acknowledger.flush()
        finally:
            self._acknowledger.stop()


class Messages(AsyncIterator[T], Generic[T]):
    """An iterator over the messages of a box; see ``Box.messages``.

    It ends when the ``async for`` over it is left. To wait for that end, and for the last acknowledgement, use it as a
    context manager, or close the box.
    """

    def __init__(self, box: "Box", after: int | None, pick: Callable[[Message], T]):
        self._box = box
        self._after = after
        self._pick = pick
        self._loop: Loop | None = None
        self._ended = False
        self._interrupted = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if self._ended or self._box._closing.closed:
            raise StopAsyncIteration
        if self._loop is None:
            self._loop = self._begin()
        self._interrupted = False
        try:
            return self._pick(await self._loop.next())
        except BoxClosedError:
            raise StopAsyncIteration from None
        except asyncio.CancelledError:
            self._interrupted = True
            raise
        except Exception:
            await self.aclose()
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the loop. Messages that were handled are acknowledged; the one at which it was left is not."""
        await self._finish(flush=True)

    @property
    def _idle(self) -> bool:
        """Whether the wait for a message was cut short, and nobody waits any more.

        An ``async for`` over it is then over, although the exception may still refer to it.
        """
        return self._interrupted and not (self._loop is not None and self._loop.waiting)

    def _leave(self, *, flush: bool) -> None:
        self._ended = True
        if self._loop is not None and self._release.detach() is not None:
            self._box._end(self._loop, flush=flush)

    async def _finish(self, *, flush: bool) -> None:
        self._leave(flush=flush)
        await self._box._loops_ended()

    def _begin(self) -> Loop:
        loop = Loop(self._box, self._box._claim(self, self._after))
        # Python does not tell an iterator that a loop over it was left; nothing refers to it any more, that is all.
        self._release = weakref.finalize(self, _end_soon, asyncio.get_running_loop(), self._box, loop)
        self._release.atexit = False
        return loop


def _end_soon(where: asyncio.AbstractEventLoop, box: "Box", loop: Loop) -> None:
    try:
        here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    if here is where:
        box._end(loop)
    elif not where.is_closed():
        where.call_soon_threadsafe(box._end, loop)
