"""What is kept of media that arrives faster than it is taken."""

import unittest
from fractions import Fraction
from math import inf
from types import SimpleNamespace
from typing import Any

from aiortc import RTCPeerConnection
from av import CodecContext, VideoFrame

from signalbox_client.webrtc._picture import pixels_of
from signalbox_client.webrtc._received import Encoded, Frames, MediaLimits


def encoded(size: int) -> Any:
    return None, SimpleNamespace(data=b"x" * size)


def vp8(width: int, height: int) -> bytes:
    return b"\x10\0\0\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little")


def parameters(width: int, height: int) -> bytes:
    """An H.264 parameter set of the baseline profile. The size is in blocks of 16 x 16."""

    def number(value: int) -> str:
        digits = f"{value + 1:b}"
        return "0" * (len(digits) - 1) + digits

    bits = f"{66:08b}" + "0" * 16 + number(0) + number(0) + number(2) + number(1) + "0" + number(width - 1) + number(height - 1) + "1"
    return bytes(int(bits[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8))


class ReceivedTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.connection = RTCPeerConnection()
        self.addAsyncCleanup(self.connection.close)
        self.limits = MediaLimits(self.connection)

    async def test_large_frames_of_all_tracks_are_limited_together(self) -> None:
        first, second = Frames("video", self.limits), Frames("video", self.limits)
        frame = VideoFrame(4_000, 2_000, "yuv420p")
        for _ in range(10):
            await first.put(frame)
        self.assertLess(first.qsize(), 6)
        for _ in range(10):
            await second.put(frame)
        # Each has its newest, and that is all if there is no room.
        self.assertEqual(second.qsize(), 1)
        self.assertLess(self.limits.size, 80_000_000)
        await first.put(None)
        while await first.get() is not None:
            pass
        await second.get()
        self.assertEqual(self.limits.size, 0)

    async def test_a_decoder_that_is_too_slow_starts_over(self) -> None:
        restarts: list[bool] = []
        waiting = Encoded(lambda: restarts.append(True))
        for _ in range(256):
            waiting.put(encoded(1))
        self.assertEqual((waiting.qsize(), restarts), (256, []))
        waiting.put(encoded(1))
        self.assertEqual((waiting.qsize(), restarts), (1, [True]))
        waiting.get()
        for _ in range(3):
            waiting.put(encoded(2_000_000))
        self.assertEqual((waiting.qsize(), restarts), (1, [True, True]))

    async def test_a_picture_that_says_it_is_huge_is_not_decoded(self) -> None:
        restarts: list[bool] = []
        waiting = Encoded(lambda: restarts.append(True))
        for width, height, taken in [(4096, 2304, 1), (4097, 2304, 0), (16383, 16383, 0), (320, 240, 1)]:
            waiting.put((SimpleNamespace(mimeType="video/VP8"), SimpleNamespace(data=vp8(width, height))))
            self.assertEqual((waiting.qsize(), len(restarts)), (taken, 1 - taken), f"{width} x {height}")
            while waiting.qsize():
                waiting.get()
            restarts.clear()

    def test_the_size_of_an_encoded_picture_is_read(self) -> None:
        self.assertEqual(pixels_of("video/VP8", vp8(640, 480)), 640 * 480)
        self.assertEqual(pixels_of("video/VP8", b"\x01" + vp8(640, 480)[1:]), 0, "no key frame")
        for profile in ("baseline", "high"):
            encoder = CodecContext.create("libx264", "w")
            encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 640, 480, "yuv420p", Fraction(1, 30)
            encoder.options = {"profile": profile, "tune": "zerolatency"}
            packets = encoder.encode(VideoFrame(640, 480, "yuv420p"))
            self.assertEqual(pixels_of("video/H264", bytes(packets[0])), 640 * 480, profile)
        # A parameter set that claims 65,536 x 65,536, and one that ends early.
        self.assertGreater(pixels_of("video/H264", b"\0\0\1\x67" + parameters(4096, 4096)), 4_000_000_000)
        self.assertEqual(pixels_of("video/H264", b"\0\0\1\x67\x42"), inf)
        self.assertEqual(pixels_of("audio/opus", b"\0\0\1\x67\x42"), 0)

    async def test_the_end_does_not_wait_for_what_is_not_decoded(self) -> None:
        waiting = Encoded(lambda: None)
        waiting.put(encoded(1))
        waiting.put(None)
        self.assertIsNone(waiting.get())
        self.assertTrue(waiting.empty())

    async def test_the_application_must_listen_for_tracks_itself(self) -> None:
        self.assertFalse(self.limits.are_tracks_wanted)
        self.connection.on("track", lambda track: None)
        self.assertTrue(self.limits.are_tracks_wanted)
