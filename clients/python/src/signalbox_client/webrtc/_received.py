"""Limits on what aiortc keeps of what the other side sends. By itself, it keeps everything until somebody takes it."""

import asyncio
import queue
from collections.abc import Awaitable, Callable
from typing import Any

from aiortc import MediaStreamTrack, RTCPeerConnection

from ._errors import CallError
from ._picture import pixels_of

_MAX_FRAMES = {"audio": 250, "video": 60}
"""Frames of a track that nobody has read: five seconds, or two."""
_MAX_BYTES = 64 * 1024 * 1024
"""What these frames may take in all tracks of a connection."""
_MAX_ENCODED = 256
_MAX_ENCODED_BYTES = 4 * 1024 * 1024
_MAX_PIXELS = 4096 * 2304
"""Of a picture. A decoder takes 1.5 bytes for each, several times."""
_MAX_FRAGMENTS = 4 * 1024 * 1024
"""Parts of messages on data channels: a browser sends at most 1 MiB that has not been put together."""

_MAX_SOURCES = 512
"""Of media: 64 sections with three simulcast layers, each sent again on a source of its own, are 384."""
_MAX_ADDRESSES = 100
"""From which the other side checks the path, in addition to its candidates."""


class Frames(asyncio.Queue[Any]):
    """Frames that wait to be read. The oldest make room for new ones."""

    def __init__(self, kind: str, limits: "MediaLimits"):
        self._limits = limits
        self._max = _MAX_FRAMES[kind]
        super().__init__()

    def _put(self, item: Any) -> None:
        super()._put(item)
        self._limits.size += _size(item)
        while self.qsize() > 1 and (self.qsize() > self._max or self._limits.size > _MAX_BYTES):
            self._get()

    def _get(self) -> Any:
        item = super()._get()
        self._limits.size -= _size(item)
        return item


class Encoded(queue.Queue[Any]):
    """Frames that wait to be decoded. If the decoder is too slow, it starts over at a picture that needs no other."""

    def __init__(self, restart: Callable[[], None]):
        self._restart = restart
        self._size = 0
        super().__init__()

    def _put(self, item: Any) -> None:
        if item is None:
            # The end, for which aiortc waits.
            self._clear()
        elif item[0] is not None and pixels_of(item[0].mimeType, item[1].data) > _MAX_PIXELS:
            # Nobody is shown it. Until there is another key frame, the decoder has nothing to go on with.
            self._restart()
            return
        else:
            self._size += len(item[1].data)
            if self._qsize() >= _MAX_ENCODED or self._size > _MAX_ENCODED_BYTES:
                self._clear()
                self._size = len(item[1].data)
                self._restart()
        super()._put(item)

    def _get(self) -> Any:
        item = super()._get()
        self._size -= 0 if item is None else len(item[1].data)
        return item

    def _clear(self) -> None:
        self.queue.clear()
        self._size = 0


class MediaLimits:
    """Limits the frames of each track of a connection, from the moment it arrives."""

    def __init__(self, connection: RTCPeerConnection):
        self.size = 0
        self._connection = connection
        connection.on("track", self._limit)

    @property
    def are_tracks_wanted(self) -> bool:
        """Whether the application listens for tracks, too."""
        return len(self._connection.listeners("track")) > 1

    def _limit(self, track: MediaStreamTrack) -> None:
        # The decoder, which has not begun, is given these queues.
        receiver: Any = next(each for each in self._connection.getReceivers() if each.track is track)
        receiver.track._queue = Frames(track.kind, self)
        receiver._RTCRtpReceiver__decoder_queue = Encoded(receiver._RTCRtpReceiver__decoder_error.set)


def limit_fragments(sctp: Any, fail: Callable[[CallError], None]) -> None:
    """End the call if the other side sends on when the window is full, with a message that never ends, for example."""
    window = sctp._advertised_rwnd
    receive = sctp._receive_data_chunk

    async def receive_limited(chunk: Any) -> None:
        if window - sctp._advertised_rwnd > _MAX_FRAGMENTS:
            fail(CallError("CALL_ERR_FULL"))
        else:
            await receive(chunk)

    sctp._receive_data_chunk = receive_limited


def limit_sources(transport: Any, fail: Callable[[CallError], object]) -> None:
    """End the call if the other side sends media from too many sources. aiortc forgets none of them."""
    sources: set[bytes] = set()

    def limit(handle: Callable[..., Awaitable[None]], start: int) -> Callable[..., Awaitable[None]]:
        async def handle_limited(data: bytes, **options: Any) -> None:
            source = data[start : start + 4]
            if source not in sources and len(sources) == _MAX_SOURCES:
                fail(CallError("CALL_ERR_FULL"))
            else:
                sources.add(source)
                await handle(data, **options)

        return handle_limited

    transport._handle_rtp_data = limit(transport._handle_rtp_data, 8)
    transport._handle_rtcp_data = limit(transport._handle_rtcp_data, 4)


def limit_addresses(ice: Any) -> None:
    """Ignore checks from too many addresses. aioice adds each to those that it checks, and sorts all of them again."""
    check = ice.check_incoming
    addresses: set[tuple[Any, ...]] = set()

    def check_limited(message: Any, address: tuple[Any, ...], protocol: Any) -> None:
        if address in addresses or len(addresses) < _MAX_ADDRESSES:
            addresses.add(address)
            check(message, address, protocol)

    ice.check_incoming = check_limited


def _size(frame: Any) -> int:
    return 0 if frame is None else sum(plane.buffer_size for plane in frame.planes)
