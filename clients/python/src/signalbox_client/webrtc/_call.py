"""What hosts and guests have in common."""

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

from aiortc import RTCIceServer

from .._box import Box
from .._http import Headers
from ._attempts import COMPARED
from ._connection import Prepare
from ._conversation import Conversation
from ._errors import CallError
from ._peer import Peer
from ._sealing import to_base64url
from ._sealing.keys import join
from ._timings import DEFAULT_TIMINGS, Timings

_logger = logging.getLogger("signalbox_client")

Refused = Callable[[CallError, str | None], object]
"""Called for each guest or message that is refused, with the guest's id if it is known. The call continues."""


@dataclass(frozen=True)
class Options:
    """The options that hosts and guests have in common."""

    prepare: Prepare | None = None
    refused: Refused | None = None
    ice_servers: Sequence[RTCIceServer] | None = None
    compare: bool = True
    headers: Headers | None = None
    timings: Timings = DEFAULT_TIMINGS


def with_timeout(timings: Timings, timeout: float | None) -> Timings:
    return timings if timeout is None else replace(timings, answer=timeout, ice_servers=min(timings.ice_servers, timeout))


def participant(name: str) -> str:
    """Who someone is, for everyone in the call: the host by its drop address, a guest by what it calls itself."""
    return to_base64url(hashlib.sha256(join("participant", name)).digest()[:16])


class Peers(AsyncIterator[Peer]):
    """The peers of a call, as they are connected."""

    def __init__(self) -> None:
        self._waiting: deque[Peer] = deque()
        self._changed = asyncio.Event()
        self._finished = False
        self._error: CallError | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Peer:
        while not self._waiting:
            if self._finished:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            await self._changed.wait()
        peer = self._waiting.popleft()
        if not self._waiting and not self._finished:
            self._changed.clear()
        return peer

    def _add(self, peer: Peer) -> None:
        self._waiting.append(peer)
        self._changed.set()

    def _finish(self, error: CallError | None) -> None:
        if not self._finished:
            self._finished = True
            self._error = error
            self._changed.set()


class Call:
    """A call: iterate over ``peers``. Use it as a context manager, or ``close`` it, to leave the call."""

    def __init__(self, id: str, options: Options):
        """Internal: use ``host`` or ``join``."""
        self._id = id
        self._options = options
        self._peers = Peers()
        self._conversations: set[Conversation] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing = False
        self._closed = asyncio.Event()

    @property
    def id(self) -> str:
        """Who this side is, for everyone in the call."""
        return self._id

    @property
    def peers(self) -> Peers:
        """The peers, as they are connected: ``async for peer in call.peers``.

        For a guest, there is one, the host, and another one each time a lost connection was replaced. The loop ends when
        the call is closed or, for a guest, when the host has left. It raises a ``CallError`` if the call failed.
        """
        return self._peers

    async def close(self) -> None:
        """Leave the call, and tell the other side. Can be called again."""
        if self._closing:
            await self._closed.wait()
            return
        self._closing = True
        try:
            await asyncio.gather(*(conversation.close(None) for conversation in self._conversations))
        finally:
            try:
                await self._stop()
            finally:
                self._peers._finish(None)
                self._closed.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A task that is cancelled before it begins never awaits it.
        task.add_done_callback(lambda _: work.close())

    async def _logged(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            _logger.exception("A call failed")
            self._peers._finish(CallError("CALL_ERR_CLOSED"))

    def _refuse(self, error: CallError, id: str | None = None) -> None:
        if self._options.refused is None:
            return
        try:
            self._options.refused(error, id)
        except Exception:
            _logger.exception("The function given as option 'refused' failed")

    async def _judge(self, conversation: Conversation, peer: Peer) -> float:
        """What an attempt counts, once it is known whether people could compare the code."""
        patience = self._options.timings.compare
        ended = asyncio.create_task(conversation.wait_ended())
        read = asyncio.create_task(peer._code_read.wait())
        try:
            await asyncio.wait({ended, read}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if not read.done() or ended.done():
                return 1
            await asyncio.wait({ended}, timeout=patience)
            works = not ended.done() and peer.connection.connectionState == "connected"
            return COMPARED if works else 1
        finally:
            ended.cancel()
            read.cancel()


async def delete_box(box: Box, timings: Timings) -> None:
    """Delete a box of one's own; if that takes too long, it is left to its expiry."""
    with suppress(Exception):
        try:
            async with asyncio.timeout(timings.delete):
                await box.delete()
        finally:
            await box.aclose()


C = TypeVar("C", bound=Call)


class Opening(Generic[C]):
    """A call that is being opened: ``await`` it, or use it as a context manager."""

    def __init__(self, work: Coroutine[Any, Any, C]):
        self._work = work
        self._call: C | None = None

    def __await__(self) -> Generator[Any, None, C]:
        return self._work.__await__()

    async def __aenter__(self) -> C:
        self._call = await self._work
        return self._call

    async def __aexit__(self, *_: object) -> None:
        assert self._call is not None
        await self._call.close()
