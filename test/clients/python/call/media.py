"""A moving test picture and a tone, and the counting of what arrives."""

import asyncio
import math
import struct
from fractions import Fraction
from typing import Any

from aiortc import MediaStreamTrack, VideoStreamTrack
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import HeaderExtensionsMap, RtpPacket
from av import AudioFrame, VideoFrame

RATE = 48_000
SAMPLES = 960
TONE = struct.pack(f"<{SAMPLES}h", *(int(8_000 * math.sin(2 * math.pi * 440 * n / RATE)) for n in range(SAMPLES)))


def sound(source: int) -> bytes:
    """A packet of audio, from any source."""
    return bytes(RtpPacket(payload_type=96, ssrc=source, payload=b"x").serialize(HeaderExtensionsMap()))


class Picture(VideoStreamTrack):
    """A bar that moves."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(160, 120, "yuv420p")
        self.sent += 1
        for plane, value in zip(frame.planes, (60, 100, 160), strict=True):
            row = bytearray([value]) * plane.line_size
            at = self.sent * 4 % (plane.width - 8)
            row[at : at + 8] = bytes([220]) * 8
            plane.update(bytes(row) * plane.height)
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(MediaStreamTrack):
    """A sine wave."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._sent = 0
        self._began = 0.0

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        now = asyncio.get_running_loop().time()
        self._began = self._began or now
        await asyncio.sleep(self._began + self._sent / RATE - now)
        frame = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(TONE)
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._sent, Fraction(1, RATE)
        self._sent += SAMPLES
        return frame


class Sink:
    """Receives the tracks of a connection, and counts what it decoded."""

    def __init__(self) -> None:
        self.frames = {"audio": 0, "video": 0}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, track: MediaStreamTrack) -> None:
        task = asyncio.create_task(self._count(track))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _count(self, track: Any) -> None:
        try:
            while True:
                await track.recv()
                self.frames[track.kind] += 1
        except MediaStreamError:
            return
