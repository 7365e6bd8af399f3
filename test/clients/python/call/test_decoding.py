"""What a connection's decoders may take: size and number of the pictures they keep, and what is on its way to the loop."""

import asyncio
import threading
import unittest
from fractions import Fraction
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from av import CodecContext, VideoFrame

from pictures import vp8
from signalbox_client.webrtc import _decoding, _queues
from signalbox_client.webrtc._decoding import Decoding, Limits
from signalbox_client.webrtc._queues import Frames

CODECS = {"libvpx": "video/VP8", "libx264": "video/H264"}


def picture(encoder: str, width: int, height: int, format: str = "yuv420p", frames: int = 1) -> list[Any]:
    """What aiortc puts into its decoder's queue."""
    context = CodecContext.create(encoder, "w")
    context.width, context.height, context.pix_fmt, context.time_base = width, height, format, Fraction(1, 30)
    context.options = {"deadline": "realtime"} if encoder == "libvpx" else {"tune": "zerolatency", "preset": "ultrafast"}
    packets = [packet for _ in range(frames) for packet in context.encode(VideoFrame(width, height, format))]
    return [(SimpleNamespace(mimeType=CODECS[encoder]), SimpleNamespace(data=bytes(each), timestamp=0)) for each in packets]


class DecodingTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.limits = Limits()
        self.ends: list[Any] = []
        often = patch.object(_queues, "_BETWEEN_REQUESTS", 0)
        often.start()
        self.addCleanup(often.stop)

    async def asyncTearDown(self) -> None:
        while self.ends:
            await self.end()
        self.assertEqual((self.limits.room._taken, self.limits.undecoded.size), ({}, 0))

    async def end(self) -> None:
        """End the oldest track."""
        decoding, thread = self.ends.pop(0)
        decoding.put(None)
        await asyncio.to_thread(thread.join)

    def track(self) -> Any:
        """A track whose frames are decoded in a thread, as by aiortc."""
        frames, restarts = Frames("video", self.limits.unread), asyncio.Queue[None]()
        loop = asyncio.get_running_loop()
        restart = lambda: loop.call_soon_threadsafe(restarts.put_nowait, None)  # noqa: E731
        decoding = Decoding("video", frames, self.limits, restart)
        thread = threading.Thread(target=decoding.get)
        thread.start()
        self.ends.append((decoding, thread))
        return SimpleNamespace(frames=frames, restarts=restarts, put=decoding.put)

    async def is_shown(self, track: Any, item: Any) -> bool:
        """Whether a frame is decoded, rather than asked for again."""
        track.put(item)
        outcomes = [asyncio.create_task(queue.get()) for queue in (track.frames, track.restarts)]
        done, left = await asyncio.wait(outcomes, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        return outcomes[0] in done

    async def test_pictures_are_decoded_as_they_grow_and_shrink(self) -> None:
        for encoder in CODECS:
            track = self.track()
            for width, height in [(320, 240), (1280, 720), (852, 480), (72, 1280)]:
                for item in picture(encoder, width, height, frames=2):
                    track.put(item)
                    frame = await track.frames.get()
                    self.assertEqual((frame.width, frame.height), (width, height))
            self.assertTrue(track.restarts.empty())

    async def test_a_picture_that_says_it_is_huge_is_not_decoded(self) -> None:
        track = self.track()
        key, other = picture("libvpx", 320, 240, frames=2)
        self.assertTrue(await self.is_shown(track, key))
        for width, height in [(4097, 2304), (4096, 2305), (16383, 16383)]:
            with patch.object(_decoding, "get_decoder") as decoder:
                self.assertFalse(await self.is_shown(track, (key[0], SimpleNamespace(data=vp8(width, height), timestamp=0))))
                self.assertFalse(await self.is_shown(track, other), "the decoder has nothing to go on with")
                decoder.assert_not_called()
        self.assertEqual([await self.is_shown(track, item) for item in (key, other)], [True, True])

    async def test_a_picture_is_asked_for_at_most_once_a_second(self) -> None:
        now, asked = 1_000.0, []
        decoding = Decoding("video", Frames("video", self.limits.unread), self.limits, lambda: asked.append(now))
        key, other = picture("libvpx", 320, 240, frames=2)
        broken = [(key[0], SimpleNamespace(data=vp8(16383, 16383), timestamp=0))] * 10

        def decode(*items: Any) -> None:
            for item in [*items, None]:
                decoding.queue.append(item)
                self.limits.undecoded.add(0 if item is None else len(item[1].data))
            decoding.get()

        with patch.object(_queues, "_BETWEEN_REQUESTS", 1), patch.object(_queues, "monotonic", lambda: now):
            decode(*broken)
            now += 0.9
            decode(*broken, key)
            self.assertEqual(asked, [1_000.0])
            # The request is not forgotten, although there is nothing to refuse any more.
            now += 0.1
            decode(key, other)
            decode(other)
        self.assertEqual(asked, [1_000.0, 1_001.0])

    async def test_padding_is_not_the_end(self) -> None:
        for encoder in CODECS:
            track = self.track()
            key, other = picture(encoder, 320, 240, frames=2)
            self.assertTrue(await self.is_shown(track, key))
            track.put((key[0], SimpleNamespace(data=b"", timestamp=0)))
            self.assertTrue(await self.is_shown(track, other), encoder)

    async def test_ffmpeg_does_not_go_beyond_the_size_that_was_read(self) -> None:
        track = self.track()
        [large] = picture("libx264", 1280, 720)
        with patch.object(_decoding, "pixels_of", lambda *_: 320 * 240):
            self.assertFalse(await self.is_shown(track, large))
        self.assertTrue(await self.is_shown(track, large))

    async def test_other_formats_are_not_shown_even_if_only_ffmpeg_finds_them(self) -> None:
        track = self.track()
        for format in ("yuv444p", "yuv422p"):
            [item] = picture("libx264", 320, 240, format)
            self.assertFalse(await self.is_shown(track, item))
            with patch.object(_decoding, "pixels_of", lambda *_: 320 * 240):
                self.assertFalse(await self.is_shown(track, item))
                self.assertEqual(self.limits.room._taken, {})

    async def test_the_decoders_of_a_connection_share_their_room(self) -> None:
        largest = SimpleNamespace(mimeType="video/VP8"), SimpleNamespace(data=vp8(4096, 2304), timestamp=0)
        tracks = [self.track() for _ in range(64)]
        with patch.object(_decoding, "get_decoder") as decoder:
            decoder.return_value.codec.pix_fmt = "yuv420p"
            decoder.return_value.decode.return_value = [VideoFrame(16, 16, "yuv420p")]
            shown = [await self.is_shown(track, largest) for track in tracks]
            # There are eight pictures of a track in VP8, and there is room for 40 of these.
            self.assertEqual((shown, decoder.call_count), ([True] * 5 + [False] * 59, 5))
            small = largest[0], SimpleNamespace(data=vp8(320, 240), timestamp=0)
            self.assertFalse(await self.is_shown(tracks[-1], small))
            # One whose pictures become smaller makes room.
            self.assertTrue(await self.is_shown(tracks[0], small))
            self.assertTrue(await self.is_shown(tracks[-1], small))
        # And so does one that ends.
        await self.end()
        self.assertTrue(await self.is_shown(tracks[-1], small))

    async def test_frames_do_not_pile_up_before_a_loop_that_is_busy(self) -> None:
        passed = 0

        class Busy:
            def call_soon_threadsafe(self, callback: Any, frame: Any) -> None:
                nonlocal passed
                passed += 1

        decoding = Decoding("video", Frames("video", self.limits.unread), self.limits, lambda: None)
        decoding._loop = Busy()  # type: ignore[assignment]
        for item in [*picture("libvpx", 160, 120, frames=9), None]:
            # Unlike put, without dropping the others at the end.
            decoding.queue.append(item)
        self.limits.undecoded.size = sum(len(item[1].data) for item in decoding.queue if item)
        decoding.get()
        self.assertEqual(passed, 4)
