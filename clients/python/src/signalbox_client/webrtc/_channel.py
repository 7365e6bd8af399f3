"""Sealed signaling through the boxes; see docs/sealing.md."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ..errors import BoxError
from ._errors import CallError, code_to_tell
from ._sealing import Message, Session, from_base64url, from_json, to_base64url, to_json

MAX_VALUE = 524_288
MAX_UNREAD = 2 * 1024 * 1024
"""How much that is sealed may wait to be read."""
_MAX_BATCH = 32_768
_PIECE = 32_000
_MAX_WAITING = 1_024
_MAX_WAITING_BYTES = 8 * 1024 * 1024


async def store_patiently(store: Callable[[Any], Awaitable[object]], message: Any, delays: tuple[float, ...]) -> None:
    """Store a message, and again if the box is full: its owner may be about to read."""
    for delay in delays:
        try:
            await store(message)
            return
        except BoxError as error:
            if error.code != "BOX_ERR_FULL":
                raise
        await asyncio.sleep(delay)
    await store(message)


class Channel:
    """One side's end of a session: what it sends is sealed and stored in order, and what it receives is opened."""

    def __init__(
        self,
        session: Session,
        store: Callable[[Any], Awaitable[object]],
        *,
        on_value: Callable[[Any, int], None],
        on_end: Callable[[CallError | None], None],
        full: tuple[float, ...],
    ):
        self.session = session
        self._store = store
        self._on_value = on_value
        self._on_end = on_end
        self._full = full
        self._values: list[bytes] = []
        self._waiting_size = 0
        self._broken = False
        self._ending: bytes | None = None
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._pieces: bytearray | None = None
        self._batch_size = 0
        """the sealed size of the batch that is arriving"""

    def send(self, value: Any) -> None:
        text = to_json(value)
        if len(text) > MAX_VALUE:
            raise CallError("CALL_ERR_TOO_LARGE")
        if self._broken:
            return
        if len(self._values) >= _MAX_WAITING or self._waiting_size + len(text) > _MAX_WAITING_BYTES:
            raise CallError("CALL_ERR_FULL")
        self._values.append(text)
        self._waiting_size += len(text)
        self._idle.clear()
        self._wake.set()

    async def flush(self) -> None:
        """Wait until everything is stored."""
        await self._idle.wait()

    def finish(self, error: CallError | None, *, drop: bool = False) -> None:
        """Let ``run`` end, once the end of the conversation is stored.

        Args:
            drop: whether what waits to be sent is not sent any more
        """
        if drop:
            self._drop()
        self._ending = to_json(None if error is None else {"ended": code_to_tell(error.code)})
        self._wake.set()

    async def run(self) -> None:
        """Store what is sent. A batch whose storing fails is not tried again, and nothing is sent after it."""
        try:
            await self._store_all()
        finally:
            self._broken = True
            self._drop()

    async def _store_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            # The host speaks first: until then, a guest has no keys.
            while self.session.id is not None and self._values:
                await self._send_batch()
            self._idle.set()
            if self._ending is not None:
                if self.session.id is not None:
                    await self._seal(self._ending)
                return

    async def _send_batch(self) -> None:
        batch = self._next()
        while self._values and len(batch) + len(self._values[0]) + 3 <= _MAX_BATCH:
            batch += b"," + self._next()
        batch = b"[" + batch + b"]"
        if len(batch) <= _MAX_BATCH:
            await self._seal(batch)
            return
        for start in range(0, len(batch), _PIECE):
            piece = to_base64url(batch[start : start + _PIECE])
            await self._seal(to_json({"piece": piece, "more": start + _PIECE < len(batch)}))

    def _drop(self) -> None:
        self._values.clear()
        self._waiting_size = 0

    def _next(self) -> bytes:
        text = self._values.pop(0)
        self._waiting_size -= len(text)
        return text

    async def _seal(self, text: bytes) -> None:
        await store_patiently(self._store, self.session.seal(text), self._full)

    def receive(self, message: Message) -> None:
        """Take the other side's next message. Raises the ``CallError`` with which it is refused."""
        value = self.session.open(message)
        self._wake.set()
        self._batch_size += len(message.sealed)
        if value is None:
            self._on_end(None)
        elif isinstance(value, dict) and "ended" in value:
            self._on_end(CallError(code_to_tell(value["ended"])))
        elif isinstance(value, dict) and "piece" in value:
            self._take_piece(value)
        elif self._pieces is not None:
            raise CallError("CALL_ERR_FORMAT")
        else:
            self._take_batch(value)

    def _take_piece(self, value: dict[str, Any]) -> None:
        piece, more = value["piece"], value.get("more")
        data = from_base64url(piece) if isinstance(piece, str) else None
        if not data or not isinstance(more, bool):
            raise CallError("CALL_ERR_FORMAT")
        self._pieces = (self._pieces or bytearray()) + data
        # The brackets of the batch come on top.
        if len(self._pieces) > MAX_VALUE + 2:
            raise CallError("CALL_ERR_TOO_LARGE")
        if more:
            return
        whole, self._pieces = bytes(self._pieces), None
        try:
            batch = from_json(whole)
        except ValueError:
            raise CallError("CALL_ERR_FORMAT") from None
        self._take_batch(batch)

    def _take_batch(self, batch: Any) -> None:
        if not isinstance(batch, list) or not all(isinstance(value, dict) for value in batch):
            raise CallError("CALL_ERR_FORMAT")
        size, self._batch_size = self._batch_size, 0
        for value in batch:
            self._on_value(value, size)
            size = 0
