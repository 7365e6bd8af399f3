"""How an encoded picture's size is read, whatever the other side sends as one."""

import random
import unittest
from fractions import Fraction
from math import inf
from unittest.mock import patch

from av import CodecContext, VideoFrame

from pictures import H264, number, to_bytes, vp8
from signalbox_client.webrtc import _picture
from signalbox_client.webrtc._picture import pixels_of


def h264(profile: int, bits: str) -> float:
    return pixels_of("video/H264", H264 + to_bytes(f"{profile:08b}" + "0" * 16 + bits))


def size(width: int, height: int) -> str:
    """The end of a set, from the number of reference frames. The size is in blocks of 16 x 16."""
    return number(1) + "0" + number(width - 1) + number(height - 1) + "1"


class PictureTest(unittest.TestCase):
    def test_the_size_of_an_encoded_picture_is_read(self) -> None:
        self.assertEqual(pixels_of("video/VP8", vp8(640, 480)), 640 * 480)
        self.assertEqual(pixels_of("video/VP8", b"\x01" + vp8(640, 480)[1:]), 0, "no key frame")
        for profile in ("baseline", "main", "high"):
            encoder = CodecContext.create("libx264", "w")
            encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 640, 480, "yuv420p", Fraction(1, 30)
            encoder.options = {"profile": profile, "tune": "zerolatency"}
            packets = encoder.encode(VideoFrame(640, 480, "yuv420p"))
            self.assertEqual(pixels_of("video/H264", bytes(packets[0])), 640 * 480, profile)
        self.assertEqual(pixels_of("audio/opus", H264 + b"\x42"), 0)

    def test_each_kind_of_picture_order_is_read(self) -> None:
        first = number(0) + number(0)
        end = size(20, 15)
        self.assertEqual(h264(66, first + number(0) + number(4) + end), 320 * 240)
        self.assertEqual(h264(66, first + number(1) + "0" + number(7) + number(7) + number(3) + number(9) * 3 + end), 320 * 240)
        self.assertEqual(h264(66, first + number(2) + end), 320 * 240)
        self.assertEqual(h264(66, first + number(2) + number(1) + "0" + number(4095) + number(4095) + "1"), 65_536 * 65_536)

    def test_the_profiles_are_those_of_ffmpeg(self) -> None:
        # The colours of these begin with their format, the two depths and a bit, and have no scaling lists.
        plain = number(0) * 2 + number(2) + size(20, 15)
        colours = number(0) + number(1) + number(0) * 2 + "00" + number(0) + number(2) + size(20, 15)
        for profile in (44, 83, 86, 100, 110, 118, 122, 128, 138, 144, 244):
            self.assertEqual(h264(profile, colours), 320 * 240, profile)
        for profile in (66, 77, 88, 134, 135, 139):
            self.assertEqual(h264(profile, plain), 320 * 240, profile)

    def test_scaling_lists_are_skipped(self) -> None:
        # One that is left out, one that ends at once, and one that is there.
        lists = "0" + "1" + number(16) + "1" + number(1) * 16 + "0" * 5
        colours = number(0) + number(1) + number(0) * 2 + "01" + lists
        self.assertEqual(h264(100, colours + number(0) + number(2) + size(20, 15)), 320 * 240)

    def test_pictures_that_take_more_than_calls_use_are_refused(self) -> None:
        for colours in [(0, 0, 0), (2, 0, 0), (3, 0, 0), (1, 2, 0), (1, 0, 2)]:
            bits = number(0) + "".join(map(number, colours)) + "00" + number(0) + number(2) + size(20, 15)
            self.assertEqual(h264(244, bits), inf, colours)

    def test_reading_takes_few_steps_whatever_it_reads(self) -> None:
        steps = 0

        class Counting(_picture._Bits):
            def read(self, count: int) -> int:
                nonlocal steps
                steps += 1 + count
                return super().read(count)

        zeros = b"\x42\0\0" + b"\0" * 40_000 + b"\x80" + b"\xff" * 40_000
        # A picture order of ever more numbers, and sets without end.
        many = to_bytes(f"{66:08b}" + "0" * 16 + number(0) * 2 + number(1) + "0" + number(0) * 2 + number(2**30)) + b"\xff" * 300_000
        for data in (zeros, b"\x42\0\0" + b"\xff" * 600_000, many, zeros + (H264 + many[:60]) * 9_000, (H264 + b"\x42") * 9_000, (many[:1_000] + H264) * 20):
            steps = 0
            with patch.object(_picture, "_Bits", Counting):
                pixels_of("video/H264", H264 + data)
            self.assertLess(steps, 30_000)

    def test_any_bits_have_a_size(self) -> None:
        source = random.Random(7)
        for _ in range(3_000):
            data = H264 + bytes([source.choice((66, 77, 100, 144, 244))]) + source.randbytes(source.randrange(60))
            self.assertGreater(pixels_of("video/H264", data), 0)
            self.assertGreaterEqual(pixels_of("video/VP8", data), 0)
        self.assertEqual(pixels_of("video/H264", H264 + b"\x42"), inf)
