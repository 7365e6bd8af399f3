"""What the tests of calls share: a real server on loopback, and calls with short limits."""

import asyncio
import gc
import os
import sys
import unittest
from contextlib import suppress
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from aiortc import RTCDataChannel

from signalbox_client import Box
from signalbox_client.webrtc import Call, CallError, HostedCall, Peer
from signalbox_client.webrtc._call import Options
from signalbox_client.webrtc._host import open_host
from signalbox_client.webrtc._join import open_join
from signalbox_client.webrtc._timings import Timings

URL = os.environ.get("SIGNALBOX_URL", "")

PATIENCE = 60
"""For what has to happen; the tests share a machine."""

PATIENT = Timings(answer=PATIENCE, ice=PATIENCE, close=0.5, full=(0.01,) * 4)


def options(*, prepare: Any = None, refused: Any = None, compare: bool = True, **timings: Any) -> Options:
    # Without ICE servers, a call needs nothing but loopback.
    return Options(prepare, refused, [], compare, None, replace(PATIENT, **timings))


class Messages:
    """What arrives on a data channel."""

    def __init__(self, channel: RTCDataChannel):
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        channel.on("message", self._queue.put_nowait)

    async def next(self) -> Any:
        return await asyncio.wait_for(self._queue.get(), PATIENCE)


class CallTest(unittest.IsolatedAsyncioTestCase):
    """Checks after each test that nothing is left behind."""

    async def asyncSetUp(self) -> None:
        # The tests share a machine: a callback that takes long is no fault.
        asyncio.get_running_loop().slow_callback_duration = 10
        self._before = asyncio.all_tasks()
        self._opened: list[Call] = []
        # Sockets and coroutines that were left behind; with -W error, Python reports them here.
        self._leaks: list[str] = []
        hook = patch.object(sys, "unraisablehook", lambda leak: self._leaks.append(repr(leak.exc_value)))
        hook.start()
        self.addCleanup(hook.stop)
        self.addAsyncCleanup(self._check_tasks)

    async def _check_tasks(self) -> None:
        for call in reversed(self._opened):
            await call.close()
        # aiortc's own tasks notice only afterwards that a connection was closed.
        with suppress(TimeoutError):
            await until(lambda: not self._left())
        self.assertEqual(self._left(), [])
        gc.collect()
        self.assertEqual(self._leaks, [])

    def _left(self) -> list[asyncio.Task[Any]]:
        return [task for task in asyncio.all_tasks() - self._before if task is not asyncio.current_task()]

    async def host(self, *, max_guests: int = 16, **given: Any) -> HostedCall:
        call = await open_host(URL, None, max_guests, options(**given))
        self._opened.append(call)
        return call

    async def join(self, invite: str, **given: Any) -> Call:
        call = await open_join(invite, None, options(**given))
        self._opened.append(call)
        return call

    async def connect(self, host: dict[str, Any] | None = None, guest: dict[str, Any] | None = None) -> tuple[Peer, Peer]:
        """The two ends of a connection: the host's, then the guest's."""
        call = await self.host(**(host or {}))
        joined = await self.join(call.invite, **(guest or {}))
        return await self.peer(call), await self.peer(joined)

    async def peer(self, call: Call) -> Peer:
        return await asyncio.wait_for(anext(call.peers), PATIENCE)

    async def ended(self, peer: Peer) -> str | None:
        error = await asyncio.wait_for(peer.wait_closed(), PATIENCE)
        return None if error is None else error.code

    async def failure(self, call: Call) -> str | None:
        """With what the loop over the peers ends; None if it just ends."""
        try:
            async with asyncio.timeout(PATIENCE):
                async for _ in call.peers:
                    pass
        except CallError as error:
            return error.code
        return None

    async def is_gone(self, link: str) -> bool:
        """Whether a box has been deleted, by its drop link."""
        async with Box.open(link) as box:
            try:
                await box.send(None)
            except Exception:
                return True
            return False


async def until(condition: Any) -> None:
    """Wait for something that no event announces."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)
