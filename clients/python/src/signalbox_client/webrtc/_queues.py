"""What waits to be decoded, and what waits to be read. aiortc's own queues have no limit."""

import asyncio
import queue
import threading
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Any

_MAX_FRAMES = {"audio": 250, "video": 60}
"""Frames of a track that nobody has read: five seconds, or two."""
_MAX_BYTES = 64 * 1024 * 1024
"""What these frames may take in all tracks of a connection, and as much again on their way to a busy event loop."""
_MAX_ENCODED = 256
"""Frames of a track that are not decoded yet."""
_MAX_ENCODED_BYTES = 8 * 1024 * 1024
"""What these may take in all tracks of a connection."""
_BETWEEN_REQUESTS = 1
"""How many seconds pass between two requests of a track for a picture that needs no other."""


class Unread:
    """The bytes that the frames of all tracks of a connection take: unread, and on their way from the decoders."""

    def __init__(self) -> None:
        self.size = 0
        self._queues: list[Frames] = []
        self._passing = 0
        self._lock = threading.Lock()

    def add(self, queue: "Frames") -> None:
        self._queues.append(queue)

    def make_room(self) -> None:
        """Drop frames of the tracks that have most, even if the application reads none of them."""
        while self.size > _MAX_BYTES:
            max(self._queues, key=lambda queue: queue.size).drop()

    def start(self, frame: Any) -> bool:
        """Whether a frame may be on its way. Called by the decoders' threads."""
        size = _size(frame)
        with self._lock:
            if self._passing + size > _MAX_BYTES:
                return False
            self._passing += size
            return True

    def arrive(self, frame: Any) -> None:
        with self._lock:
            self._passing -= _size(frame)


class Frames(asyncio.Queue[Any]):
    """Frames that wait to be read. The oldest make room for new ones."""

    def __init__(self, kind: str, unread: Unread):
        self.size = 0
        self._unread = unread
        self._max = _MAX_FRAMES[kind]
        unread.add(self)
        super().__init__()

    def drop(self) -> None:
        self._get()

    def _put(self, item: Any) -> None:
        super()._put(item)
        self._count(_size(item))
        while self.qsize() > self._max:
            self.drop()
        self._unread.make_room()

    def _get(self) -> Any:
        item = super()._get()
        self._count(-_size(item))
        return item

    def _count(self, size: int) -> None:
        self.size += size
        self._unread.size += size


class Undecoded:
    """The bytes that wait to be decoded in all tracks of a connection. Each track has a thread of its own."""

    def __init__(self) -> None:
        self.size = 0
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        with self._lock:
            self.size += size


class Requests:
    """Requests for a picture that needs no other. One that comes too soon waits until ``send`` is called later."""

    def __init__(self, send: Callable[[], None]):
        self._send = send
        self._sent = -inf
        self._waits = False
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            self._waits = True
        self.send()

    def send(self) -> None:
        """Send the request that waits, if it is time. Called by the event loop and by the decoder's thread."""
        with self._lock:
            now = monotonic()
            if not self._waits or now - self._sent < _BETWEEN_REQUESTS:
                return
            self._waits, self._sent = False, now
        self._send()


class Encoded(queue.Queue[Any]):
    """Frames that wait to be decoded. If the decoder is too slow, it starts over at a picture that needs no other."""

    def __init__(self, undecoded: Undecoded, restart: Callable[[], None]):
        self._undecoded = undecoded
        self._requests = Requests(restart)
        super().__init__()

    def _put(self, item: Any) -> None:
        size = _encoded_size(item)
        if item is None:
            # The end, for which aiortc waits.
            self._clear()
        elif self._qsize() >= _MAX_ENCODED or self._undecoded.size + size > _MAX_ENCODED_BYTES:
            self._clear()
            self._requests.add()
        self._undecoded.add(size)
        super()._put(item)

    def _get(self) -> Any:
        item = super()._get()
        self._undecoded.add(-_encoded_size(item))
        return item

    def _clear(self) -> None:
        while self.queue:
            self._get()


def _encoded_size(item: Any) -> int:
    return 0 if item is None else len(item[1].data)


def _size(frame: Any) -> int:
    return 0 if frame is None else sum(plane.buffer_size for plane in frame.planes)
