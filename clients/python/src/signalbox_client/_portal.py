"""The thread that serves every synchronous box: one event loop, started when it is first needed."""

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def run(work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
    """The result of the work, which is cancelled if it takes longer or the wait for it is interrupted."""
    future = asyncio.run_coroutine_threadsafe(_limited(work, timeout), _running_loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


async def _limited(work: Coroutine[Any, Any, T], timeout: float | None) -> T:
    async with asyncio.timeout(timeout):
        return await work


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="signalbox", daemon=True).start()
        return _loop


def _forget() -> None:
    global _lock, _loop
    _lock, _loop = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    # A fork has the loop but not its thread.
    os.register_at_fork(after_in_child=_forget)
