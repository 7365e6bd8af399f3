"""What is kept of media that arrives faster than it is taken."""

import asyncio
import unittest
from socket import AF_INET, SOCK_DGRAM, socket
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from aioice.stun import Class, Message, Method
from aiortc import RTCConfiguration, RTCPeerConnection
from av import VideoFrame

from media import sound
from signalbox_client.webrtc import _queues
from signalbox_client.webrtc._connection import CallConnection
from signalbox_client.webrtc._queues import Encoded, Frames, Undecoded, Unread
from signalbox_client.webrtc._received import MediaLimits
from support import PATIENCE, CallTest, Messages


def encoded(size: int) -> Any:
    return None, SimpleNamespace(data=b"x" * size)


class ReceivedTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.connection = RTCPeerConnection()
        self.addAsyncCleanup(self.connection.close)
        self.limits = MediaLimits(self.connection)

    async def test_large_frames_of_all_tracks_are_limited_together(self) -> None:
        unread = Unread()
        first, second = Frames("video", unread), Frames("video", unread)
        frame = VideoFrame(4_000, 2_000, "yuv420p")
        for _ in range(10):
            await first.put(frame)
        self.assertLess(first.qsize(), 6)
        for _ in range(10):
            await second.put(frame)
        # The track that has most makes room, even if nobody reads it.
        self.assertGreater(second.qsize(), 1)
        self.assertLessEqual(unread.size, 64 * 1024 * 1024)
        others = [Frames("video", unread) for _ in range(62)]
        for track in others:
            await track.put(frame)
        self.assertLessEqual(unread.size, 64 * 1024 * 1024)
        self.assertEqual(others[-1].qsize(), 1)
        for track in (first, second, *others):
            await track.put(None)
            while await track.get() is not None:
                pass
        self.assertEqual(unread.size, 0)

    async def test_frames_on_their_way_to_a_busy_loop_are_limited_in_all_tracks_together(self) -> None:
        unread = Unread()
        frame = VideoFrame(4_000, 2_000, "yuv420p")
        started = [unread.start(frame) for _ in range(64)]
        self.assertEqual(started, [True] * 5 + [False] * 59)
        unread.arrive(frame)
        self.assertTrue(unread.start(frame))

    async def test_a_decoder_that_is_too_slow_starts_over(self) -> None:
        restarts: list[bool] = []
        waiting = Encoded(Undecoded(), lambda: restarts.append(True))
        for _ in range(256):
            waiting.put(encoded(1))
        self.assertEqual((waiting.qsize(), restarts), (256, []))
        waiting.put(encoded(1))
        self.assertEqual((waiting.qsize(), restarts), (1, [True]))
        waiting.get()
        with patch.object(_queues, "_BETWEEN_REQUESTS", 0):
            for _ in range(3):
                waiting.put(encoded(4_000_000))
        self.assertEqual((waiting.qsize(), restarts), (1, [True, True]))

    async def test_what_waits_to_be_decoded_is_limited_in_all_tracks_together(self) -> None:
        undecoded = Undecoded()
        tracks = [Encoded(undecoded, lambda: None) for _ in range(64)]
        for track in tracks:
            for _ in range(20):
                track.put(encoded(100_000))
        # Each has its newest, and that is all if there is no room.
        self.assertEqual([track.qsize() for track in tracks[-3:]], [1, 1, 1])
        self.assertLess(undecoded.size, 8_400_000 + 6_400_000)
        for track in tracks:
            track.put(None)
            self.assertIsNone(track.get())
        self.assertEqual(undecoded.size, 0)

    async def test_the_end_does_not_wait_for_what_is_not_decoded(self) -> None:
        waiting = Encoded(Undecoded(), lambda: None)
        waiting.put(encoded(1))
        waiting.put(None)
        self.assertIsNone(waiting.get())
        self.assertTrue(waiting.empty())

    async def test_the_application_must_listen_for_tracks_itself(self) -> None:
        self.assertFalse(self.limits.are_tracks_wanted)
        self.connection.on("track", lambda track: None)
        self.assertTrue(self.limits.are_tracks_wanted)


class TransportsTest(unittest.IsolatedAsyncioTestCase):
    """A connection has a transport for each section that the other side keeps apart. All of them share its limits."""

    async def asyncSetUp(self) -> None:
        connection = CallConnection(RTCConfiguration(iceServers=[]))
        self.addAsyncCleanup(connection.close)
        self.errors: list[str] = []
        connection.on("excess", lambda error: self.errors.append(error.code))
        for kind in ("audio", "video"):
            connection.addTransceiver(kind)
        transports = {each.receiver.transport for each in connection.getTransceivers()}
        self.transports: list[Any] = list(transports)

    async def test_sources_are_counted_on_all_transports_together(self) -> None:
        self.assertEqual(len(self.transports), 2)
        for transport in self.transports:
            for source in range(300):
                await transport._handle_rtp_data(sound(source), arrival_time_ms=0)
        self.assertEqual(self.errors, ["CALL_ERR_FULL"] * 88)

    async def test_addresses_are_counted_on_all_transports_together(self) -> None:
        check = Message(message_method=Method.BINDING, message_class=Class.REQUEST)
        check.attributes["PRIORITY"] = 1
        protocol: Any = SimpleNamespace(local_candidate=SimpleNamespace(component=1, priority=1))
        ices = [transport.transport.iceGatherer._connection for transport in self.transports]
        for ice in ices:
            ice.check_start_task = lambda pair: None
            for port in range(60):
                ice.check_incoming(check, ("127.0.0.1", 5_000 + port), protocol)
        self.assertEqual([len(ice.remote_candidates) for ice in ices], [60, 40])


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
