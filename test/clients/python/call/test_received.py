"""What is kept of media that arrives faster than it is taken."""

import asyncio
import unittest
from socket import AF_INET, SOCK_DGRAM, socket
from types import SimpleNamespace
from typing import Any

from aioice.stun import Class, Message, Method
from aiortc import RTCPeerConnection
from av import VideoFrame

from pictures import vp8
from signalbox_client.webrtc._received import Encoded, Frames, MediaLimits
from support import PATIENCE, CallTest, Messages


def encoded(size: int) -> Any:
    return None, SimpleNamespace(data=b"x" * size)


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


class AddressesTest(CallTest):
    async def test_checks_from_too_many_addresses_are_ignored(self) -> None:
        guest, peer = await self.connect()
        sctp: Any = guest.connection.sctp
        ice = sctp.transport.transport.iceGatherer._connection
        own = next(candidate for candidate in ice.local_candidates if ":" not in candidate.host)
        check = Message(message_method=Method.BINDING, message_class=Class.REQUEST)
        check.attributes["USERNAME"] = f"{ice.local_username}:{ice.remote_username}"
        check.attributes["PRIORITY"] = 1
        check.attributes["ICE-CONTROLLED"] = 1
        check.add_message_integrity(ice.local_password.encode())
        loop = asyncio.get_running_loop()
        for _ in range(300):
            with socket(AF_INET, SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.connect((own.host, own.port))
                sender.send(bytes(check))
                await asyncio.wait_for(loop.sock_recv(sender, 2_000), PATIENCE)
        self.assertLessEqual(len(ice.remote_candidates), 200)
        self.assertGreaterEqual(len(ice.remote_candidates), 100)
        messages = Messages(guest.channel)
        peer.channel.send("still here")
        self.assertEqual(await messages.next(), "still here")
