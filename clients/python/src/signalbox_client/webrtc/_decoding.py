"""Decoding within limits. aiortc has none, and a decoder keeps as many pictures as the other side says it needs."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from aiortc.codecs import get_decoder
from av import FFmpegError

from ._picture import pixels_of
from ._queues import Encoded, Frames, Undecoded, Unread

_MAX_PIXELS = 4096 * 2304
"""Of a picture."""
_MAX_PASSED = {"audio": 50, "video": 4}
"""Frames of a track on their way to an event loop that is busy. Further ones are lost."""
_KEPT = {"video/vp8": 4 + _MAX_PASSED["video"], "video/h264": 36 + _MAX_PASSED["video"]}
"""How many pictures of a track there are at most: what libvpx and FFmpeg keep, and what is on its way."""
_MAX_KEPT = _MAX_PIXELS * _KEPT["video/h264"]
"""The pixels of these pictures in all tracks of a connection. Each takes 1.5 bytes, and in FFmpeg about another half."""
_FORMATS = (None, "yuv420p", "yuvj420p")


class Room:
    """The pixels that the decoders of a connection may keep. Each decodes in a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: dict[object, float] = {}

    def take(self, owner: object, pixels: float) -> bool:
        """Give an owner this many in all, if there is room for them."""
        with self._lock:
            if sum(self._taken.values()) - self._taken.get(owner, 0) + pixels > _MAX_KEPT:
                return False
            self._taken[owner] = pixels
            return True

    def leave(self, owner: object) -> None:
        with self._lock:
            self._taken.pop(owner, None)


class Limits:
    """What the tracks of a connection share."""

    def __init__(self) -> None:
        self.undecoded = Undecoded()
        self.unread = Unread()
        self.room = Room()


class Decoding(Encoded):
    """Decodes a track's frames where aiortc's thread would get them. What that thread gets is only the end."""

    def __init__(self, kind: str, frames: Frames, limits: "Limits", restart: Callable[[], None]):
        self._is_video = kind == "video"
        self._frames = frames
        self._unread = limits.unread
        self._room = limits.room
        self._codec = ""
        self._decoder: Any = None
        self._pixels = 0.0
        self._loop = asyncio.get_running_loop()
        self._passing = threading.Semaphore(_MAX_PASSED[kind])
        super().__init__(limits.undecoded, restart)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        while (item := super().get(block, timeout)) is not None:
            try:
                frames = self._decode(*item)
            except (FFmpegError, _Refused):
                self._requests.add()
                continue
            self._requests.send()
            for frame in frames:
                if not self._passing.acquire(blocking=False):
                    continue
                if self._unread.start(frame):
                    self._loop.call_soon_threadsafe(self._pass, frame)
                else:
                    self._passing.release()
        self._close()
        return None

    def _pass(self, frame: Any) -> None:
        self._passing.release()
        self._unread.arrive(frame)
        self._frames.put_nowait(frame)

    def _decode(self, codec: Any, encoded: Any) -> Any:
        if not encoded.data:
            # Only padding, which FFmpeg would take for the end.
            return []
        name = codec.mimeType.lower()
        if name != self._codec:
            self._close()
            self._codec = name
        if self._is_video:
            self._make_room(pixels_of(name, encoded.data))
        if self._decoder is None:
            self._open(codec)
        frames = self._decoder.decode(encoded)
        if self._is_video and self._decoder.codec.pix_fmt not in _FORMATS:
            # FFmpeg has found parameters where this package looks for none.
            self._close()
            raise _Refused
        return frames

    def _make_room(self, pixels: float) -> None:
        if pixels not in (0, self._pixels):
            # A smaller picture gives the room back that a larger one has taken.
            self._close()
            # Nobody is shown a picture that is too large. Without it, the decoder has nothing to go on with.
            if pixels > _MAX_PIXELS or not self._room.take(self, pixels * _KEPT[self._codec]):
                raise _Refused
            self._pixels = pixels
        if not self._pixels:
            raise _Refused

    def _open(self, codec: Any) -> None:
        self._decoder = get_decoder(codec)
        if self._is_video:
            # FFmpeg may read a size where this package reads another, and then must not go beyond what is reserved.
            self._decoder.codec.options = {"max_pixels": str(int(self._pixels))}

    def _close(self) -> None:
        self._decoder = None
        self._pixels = 0
        self._room.leave(self)


class _Refused(Exception):
    """A frame that is not decoded. The other side is asked for a picture that needs no other."""
