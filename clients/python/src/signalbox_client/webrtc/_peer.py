"""The other side, once it is connected."""

import asyncio
from collections.abc import Awaitable, Callable

from aiortc import RTCDataChannel, RTCPeerConnection

from ._control import Hold
from ._errors import CallError


class Peer:
    """Someone in the call to whom there is a connection."""

    def __init__(
        self,
        id: str,
        *,
        is_host: bool,
        connection: RTCPeerConnection,
        hold: Hold,
        code: str,
        negotiate: Callable[[], None],
        close: Callable[[CallError | None], Awaitable[None]],
    ):
        """Internal: peers come from ``call.peers``."""
        self._id = id
        self._is_host = is_host
        self._connection = connection
        self._hold = hold
        self._code = code
        self._negotiate = negotiate
        self._close = close
        self._code_read = asyncio.Event()
        self._ended = asyncio.Event()
        self._error: CallError | None = None

    @property
    def id(self) -> str:
        """Who it is: the same for everyone in the call, and after a lost connection was replaced."""
        return self._id

    @property
    def is_host(self) -> bool:
        """Whether it is the host of the call."""
        return self._is_host

    @property
    def connection(self) -> RTCPeerConnection:
        """The aiortc connection. Tracks and transceivers that you add to it are negotiated by themselves."""
        return self._connection

    @property
    def channel(self) -> RTCDataChannel:
        """The data channel, which is open.

        Messages that arrived earlier are kept for you. Add your listener in the same step as you first read this,
        without an ``await`` in between.
        """
        return self._hold.release()

    @property
    def code(self) -> str:
        """The short code: six digits, the same on both sides if nobody is in the middle.

        Ask people to compare it before they trust the connection. Reading it counts as doing so.
        """
        self._code_read.set()
        return self._code

    @property
    def closed(self) -> bool:
        """Whether the connection has ended."""
        return self._ended.is_set()

    async def wait_closed(self) -> CallError | None:
        """Wait until the connection has ended.

        Returns:
            the error if it broke, or if the other side named one; None if either side left
        """
        await self._ended.wait()
        return self._error

    def negotiate(self) -> None:
        """Negotiate a change that aiortc does not report, such as a new ``direction`` of a transceiver."""
        self._negotiate()

    async def close(self, reason: CallError | None = None) -> None:
        """End the connection to this peer, and tell the other side.

        Args:
            reason: what the other side is told; without it, that this side has left
        """
        await self._close(reason)

    def _end(self, error: CallError | None) -> None:
        self._error = error
        self._ended.set()
