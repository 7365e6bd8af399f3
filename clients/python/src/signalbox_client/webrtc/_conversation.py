"""One side's end of a conversation, from its first message to the end of the connection."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

from ._agreement import Agreement
from ._channel import MAX_UNREAD, Channel
from ._connection import Prepared, verify_certificate
from ._control import Control, Hold
from ._errors import CallError, as_call_error, code_to_tell, is_only_signaling
from ._negotiation import Negotiation
from ._peer import Peer
from ._received import limit_channels, limit_fragments
from ._sealing import Message, Role, Session
from ._signaling import Signaling
from ._timings import Timings

Connected: TypeAlias = Callable[[str, Prepared, Hold, Negotiation], Peer]
"""Makes the peer of a connection that is up, from the short code and what belongs to the connection."""

_GATHERING = 10
"""How long aiortc may take to gather candidates, with STUN and TURN servers that do not answer."""

_logger = logging.getLogger("signalbox_client")


class Conversation:
    """Negotiates a connection over a sealed channel, watches over it, and ends it."""

    def __init__(self, session: Session, store: Callable[[Any], Awaitable[object]], timings: Timings):
        self.session = session
        self.role: Role = session.role
        self.peer: Peer | None = None
        self.offered = False
        """whether this side has described its connection"""
        self._timings = timings
        self._channel = Channel(
            session, store, on_value=self._receive, on_end=self._hear_end, full=timings.full
        )
        self._ended: asyncio.Future[tuple[CallError | None, bool]] = asyncio.get_running_loop().create_future()
        self._finished = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._prepared: Prepared | None = None
        self._agreement: Agreement | None = None
        self._control: Control | None = None
        self._signaling: Signaling | None = None
        self._negotiation: Negotiation | None = None
        self._early: list[tuple[dict[str, Any], int]] = []
        self._early_size = 0
        self._limit: asyncio.Timeout | None = None
        self._opened = asyncio.Event()
        self._answered = asyncio.Event()
        self._closed = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._negotiating: asyncio.Task[None] | None = None

    async def run(
        self,
        prepare: Callable[[], Awaitable[tuple[Prepared, Agreement]]],
        connected: Connected,
    ) -> CallError | None:
        """Hold the conversation, from the connection that ``prepare`` makes to its end.

        Returns:
            why it ended; None if either side left
        """
        self._writer = self._start(self._channel.run())
        self._start(self._live(prepare, connected))
        told = True
        error: CallError | None = None
        try:
            error, told = await self._ended
        except asyncio.CancelledError:
            self.end(None)
            raise
        finally:
            if self.peer is not None:
                self.peer._end(error)
            try:
                if told:
                    await self._tell(error)
                else:
                    await self._let_go()
            finally:
                await self._release()
                self._finished.set()
        return error

    def receive(self, message: Message) -> None:
        """Take a message from the box. If it is refused, this ends the conversation."""
        if self._ended.done():
            return
        try:
            self._channel.receive(message)
        except CallError as error:
            self.end(error)

    async def say_waiting(self) -> None:
        """Show the other side, before there is a connection, that this one is there."""
        self._channel.send({})
        await self._channel.flush()

    def end(self, error: CallError | None, *, tell: bool = True) -> None:
        """End the conversation, if it has not ended yet."""
        if not self._ended.done():
            self._ended.set_result((error, tell))

    def fail(self, error: Exception) -> None:
        """End the conversation with an error, unless the connection can live on without the boxes."""
        translated = as_call_error(error)
        if translated is None:
            _logger.error("A call failed", exc_info=error)
            translated = CallError("CALL_ERR_CLOSED")
        if self.peer is None or not is_only_signaling(translated):
            self.end(translated)

    async def close(self, reason: CallError | None) -> None:
        """End the conversation on purpose, and wait until the other side has been told."""
        self.end(reason)
        await self._finished.wait()

    async def wait_ended(self) -> None:
        """Wait until it is known that the conversation has ended."""
        await asyncio.wait([self._ended])

    async def _live(
        self,
        prepare: Callable[[], Awaitable[tuple[Prepared, Agreement]]],
        connected: Connected,
    ) -> None:
        prepared, agreement = await prepare()
        self._prepared, self._agreement = prepared, agreement
        prepared.connection.once("excess", self.end)
        limit_channels(prepared.connection.sctp, self.end)
        limit_fragments(prepared.connection.sctp, self.end)
        hold = Hold(prepared.channel, self.end)
        control = self._control = Control(prepared.control, on_message=self._receive_control, fail=self.end)
        signaling = self._signaling = Signaling(
            self._channel, control, on_value=self._take, on_end=self._hear_control_end
        )
        negotiation = self._negotiation = Negotiation(prepared, agreement, signaling.send)
        prepared.channel.on("open", self._opened.set)
        prepared.channel.on("close", self._hear_close)
        prepared.connection.on("connectionstatechange", self._watch)
        self.offered = True
        for value, size in self._early:
            signaling.receive(value, size)
        self._negotiating = self._start(negotiation.run())
        async with self._within(self._timings.answer, CallError("CALL_ERR_NO_PEER")):
            await negotiation.described.wait()
        async with self._within(self._timings.ice, _no_path(prepared)):
            await self._opened.wait()
        self._verify(prepared)
        assert agreement.code is not None
        self.peer = connected(agreement.code, prepared, hold, negotiation)
        signaling.start()
        negotiation.start()

    @asynccontextmanager
    async def _within(self, seconds: float, otherwise: CallError) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(seconds) as self._limit:
                yield
        except TimeoutError:
            raise otherwise from None
        finally:
            self._limit = None

    # What arrives

    def _receive(self, value: dict[str, Any], size: int) -> None:
        if self.role == "guest" and self._limit is not None and not self._is_described:
            self._limit.reschedule(asyncio.get_running_loop().time() + self._timings.answer)
        if self._signaling is None:
            self._early.append((value, size))
            self._early_size += size
            if len(self._early) > 1_024 or self._early_size > MAX_UNREAD:
                raise CallError("CALL_ERR_FULL")
        else:
            self._signaling.receive(value, size)

    @property
    def _is_described(self) -> bool:
        return self._negotiation is not None and self._negotiation.described.is_set()

    def _take(self, value: dict[str, Any], size: int) -> None:
        assert self._negotiation is not None
        self._negotiation.receive(value, size)

    def _receive_control(self, message: dict[str, Any], size: int) -> None:
        assert self._signaling is not None
        if not self._ended.done() or message["type"] == "end":
            self._signaling.receive_control(message, size)

    def _hear_end(self, error: CallError | None) -> None:
        """The end, through the boxes. Whoever is left before there is a connection has not been connected."""
        if self.peer is None and error is None:
            error = CallError("CALL_ERR_CLOSED")
        if self.peer is None or not is_only_signaling(error):
            self.end(error, tell=False)

    def _hear_control_end(self, error: CallError | None) -> None:
        self._answered.set()
        if not self._ended.done():
            self._say_end(None)
            self.end(error, tell=False)

    # What becomes of the connection

    def _watch(self) -> None:
        assert self._prepared is not None and self._signaling is not None
        state = self._prepared.connection.connectionState
        if state == "failed":
            self.end(self._why_failed(self._prepared))
        elif self.peer is not None and state == "connected":
            self._signaling.path_changed(True)

    def _why_failed(self, prepared: Prepared) -> CallError:
        if self.peer is not None:
            return CallError("CALL_ERR_LOST")
        try:
            self._verify(prepared)
        except CallError as error:
            if error.code == "CALL_ERR_FINGERPRINT":
                return error
        return _no_path(prepared)

    def _verify(self, prepared: Prepared) -> None:
        if self._agreement is not None and self._agreement.other_fingerprint is not None:
            verify_certificate(prepared.connection, self._agreement.other_fingerprint)

    def _hear_close(self) -> None:
        self._closed.set()
        if self._ended.done():
            return
        # Perhaps intended: then a message says so.
        self._start(self._lose())

    async def _lose(self) -> None:
        if self._signaling is not None:
            self._signaling.path_changed(False)
        await asyncio.sleep(self._timings.close)
        self.end(CallError("CALL_ERR_LOST"))

    # The end

    async def _tell(self, error: CallError | None) -> None:
        """Tell the other side of the end, on both routes."""
        for task in self._tasks - {self._writer, self._negotiating}:
            task.cancel()
        failed = self._writer is None or self._writer.done()
        self._channel.finish(error, drop=failed)
        writer = asyncio.create_task(self._channel.run()) if failed else self._writer
        assert writer is not None
        waits: set[asyncio.Task[Any]] = {writer}
        if self._say_end(error):
            waits.add(asyncio.create_task(self._answered.wait()))
        try:
            done, _ = await asyncio.wait(waits, timeout=self._timings.close)
            for task in done:
                task.exception()
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _say_end(self, error: CallError | None) -> bool:
        if self._control is None or not self._control.is_open or self.peer is None:
            return False
        with suppress(Exception):
            self._control.send({"type": "end"} if error is None else {"type": "end", "ended": code_to_tell(error.code)})
            return True
        return False

    async def _let_go(self) -> None:
        """Leave it to the other side to close the connection, once it has the answer to its end."""
        if self.peer is not None and self._control is not None and self._control.is_open:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timings.close):
                    await self._closed.wait()

    async def _release(self) -> None:
        if self._negotiation is not None and self._negotiating is not None:
            self._negotiation.stop()
            await asyncio.wait({self._negotiating}, timeout=_GATHERING)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._prepared is not None:
            await self._prepared.connection.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A task that is cancelled before it begins never awaits it.
        task.add_done_callback(lambda _: work.close())
        return task

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            self.fail(error)


def _no_path(prepared: Prepared) -> CallError:
    return CallError("CALL_ERR_NO_PATH_WITH_TURN" if prepared.turn else "CALL_ERR_NO_PATH")
