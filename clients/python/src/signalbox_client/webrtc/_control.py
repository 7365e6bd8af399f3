"""The control channel: messages over the connection itself; see docs/call-protocol.md."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

from aiortc import RTCDataChannel

from ._channel import MAX_VALUE
from ._errors import CallError
from ._sealing import from_base64url, from_json, to_base64url, to_json

_WHOLE = 32_768
_PIECE = 24_000
_MAX_TEXT = 65_536
_MAX_HELD = 2 * 1024 * 1024
_BURST = 600
_PER_SECOND = 10


class Control:
    """The messages on one control channel, each a JSON object with a type. What arrives is held back until ``start``."""

    def __init__(
        self, channel: RTCDataChannel, *, on_message: Callable[[dict[str, Any], int], None], fail: Callable[[CallError], None]
    ):
        self._channel = channel
        self._on_message = on_message
        self._fail = fail
        self._held: list[str | bytes] | None = []
        self._held_size = 0
        self._pieces: bytearray | None = None
        self._size = 0
        """the length of the message that is arriving, in all its parts"""
        self._allowed = float(_BURST)
        self._since = monotonic()
        channel.on("message", self._receive)

    @property
    def is_open(self) -> bool:
        return self._channel.readyState == "open"

    def start(self) -> None:
        """Take what has arrived, and from now on what arrives."""
        held, self._held = self._held or [], None
        for text in held:
            self._take(text)

    def send(self, message: dict[str, Any]) -> None:
        """Send a message, in parts if it is long. Only while the channel is open."""
        text = to_json(message)
        if len(text) <= _WHOLE:
            self._channel.send(text.decode())
            return
        if len(text) > MAX_VALUE:
            raise CallError("CALL_ERR_TOO_LARGE")
        for start in range(0, len(text), _PIECE):
            piece = to_base64url(text[start : start + _PIECE])
            part = {"type": "piece", "piece": piece, "more": start + _PIECE < len(text)}
            self._channel.send(to_json(part).decode())

    def _receive(self, text: str | bytes) -> None:
        if self._held is None:
            self._take(text)
            return
        self._held.append(text)
        self._held_size += len(text)
        if self._held_size > _MAX_HELD or len(self._held) > _BURST:
            self._held.clear()
            self._fail(CallError("CALL_ERR_FULL"))

    def _take(self, text: str | bytes) -> None:
        try:
            message = self._parse(text)
            if message is not None:
                size, self._size = self._size, 0
                self._on_message(message, size)
        except CallError as error:
            self._fail(error)

    def _parse(self, text: str | bytes) -> dict[str, Any] | None:
        """The message, or None if there is more to come. Anyone who has the invite may have sent it."""
        self._count()
        if not isinstance(text, str):
            raise CallError("CALL_ERR_FORMAT")
        if len(text.encode("utf-16-le", "surrogatepass")) > 2 * _MAX_TEXT:
            raise CallError("CALL_ERR_TOO_LARGE")
        self._size += len(text)
        message = _object(text)
        if message["type"] != "piece":
            if self._pieces is not None:
                raise CallError("CALL_ERR_FORMAT")
            return message
        piece, more = message.get("piece"), message.get("more")
        data = from_base64url(piece) if isinstance(piece, str) else None
        if not data or not isinstance(more, bool):
            raise CallError("CALL_ERR_FORMAT")
        self._pieces = (self._pieces or bytearray()) + data
        if len(self._pieces) > MAX_VALUE:
            raise CallError("CALL_ERR_TOO_LARGE")
        if more:
            return None
        whole, self._pieces = bytes(self._pieces), None
        return _object(whole)

    def _count(self) -> None:
        now = monotonic()
        self._allowed = min(_BURST, self._allowed + (now - self._since) * _PER_SECOND)
        self._since = now
        if self._allowed < 1:
            raise CallError("CALL_ERR_FULL")
        self._allowed -= 1


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        message = from_json(text)
    except ValueError:
        raise CallError("CALL_ERR_FORMAT") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise CallError("CALL_ERR_FORMAT")
    return message


class Hold:
    """Keeps the messages of a data channel until somebody listens.

    aiortc delivers a message to whoever listens when it arrives. The other side may send as soon as it is connected,
    which is before the application has the channel.
    """

    def __init__(self, channel: RTCDataChannel, fail: Callable[[CallError], None]):
        self.channel = channel
        self._fail = fail
        self._messages: list[str | bytes] | None = []
        self._size = 0
        self._released = False
        self._emit = channel.emit
        channel.emit = self._emit_later  # type: ignore[method-assign]

    def release(self) -> RTCDataChannel:
        """The channel. Whoever listens before the event loop goes on gets everything from the first message on."""
        if not self._released:
            self._released = True
            asyncio.get_running_loop().call_soon(self._deliver)
        return self.channel

    def _emit_later(self, event: str, *args: Any, **kwargs: Any) -> bool:
        if self._messages is None or event != "message":
            return self._emit(event, *args, **kwargs)
        self._messages.append(args[0])
        self._size += len(args[0])
        if not self._released and (len(self._messages) > 1_024 or self._size > 1024 * 1024):
            self._messages = []
            self._fail(CallError("CALL_ERR_FULL"))
        return True

    def _deliver(self) -> None:
        messages, self._messages = self._messages or [], None
        for message in messages:
            self._emit("message", message)
