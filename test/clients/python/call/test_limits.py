"""What a server and the other side may ask for: ICE servers, candidates, and the pieces of what is sealed."""

import asyncio
import unittest
from math import inf
from typing import Any
from unittest.mock import patch

from aiortc import RTCIceServer, RTCSessionDescription

from signalbox_client import BoxError, UnreachableError
from signalbox_client._http import Connection
from signalbox_client.webrtc import CallError
from signalbox_client.webrtc import _ice_servers as ice
from signalbox_client.webrtc._channel import Channel, store_patiently
from signalbox_client.webrtc._conversation import Conversation
from signalbox_client.webrtc._descriptions import Candidates, parse_description
from signalbox_client.webrtc._ice_servers import IceServers, has_turn
from signalbox_client.webrtc._sealing import Key, Session, new_nonce, parse_message
from signalbox_client.webrtc._timings import DEFAULT_TIMINGS

HOST = "1 1 udp 2130706431 127.0.0.1 5000 typ host"


class IceServersTest(unittest.IsolatedAsyncioTestCase):
    async def ask(self, answer: Any, *, times: list[float] | None = None) -> tuple[list[list[RTCIceServer]], int]:
        """What a server's answer comes to, at each of these times, and how often it was asked."""
        asked = 0

        async def request(self: Connection, *args: Any, **options: Any) -> Any:
            nonlocal asked
            asked += 1
            if isinstance(answer, Exception):
                raise answer
            assert args[2](answer)
            return answer

        servers = IceServers(None, "http://box.test", "drop_x", headers=None, timeout=0.05)
        got = []
        with patch.object(Connection, "request", request):
            for now in times or [0]:
                with patch.object(ice, "monotonic", lambda now=now: now):
                    got.append(await servers.get())
        return got, asked

    async def test_what_the_server_offers_is_used_for_half_of_its_ttl(self) -> None:
        offered = {
            "iceServers": [{"urls": ["stun:s.example"]}, {"urls": "turn:t.example", "username": "u", "credential": "c"}],
            "ttl": 100,
        }
        got, asked = await self.ask(offered, times=[0, 49, 50])
        self.assertEqual(
            got[0], [RTCIceServer(["stun:s.example"]), RTCIceServer(["turn:t.example"], username="u", credential="c")]
        )
        self.assertEqual((got[1], got[2], asked), (got[0], got[0], 2))
        self.assertEqual([has_turn(got[0]), has_turn(got[0][:1])], [True, False])
        self.assertEqual((await self.ask({"iceServers": []}, times=[0, 299, 300]))[1], 2)

    async def test_what_aiortc_would_not_accept_is_left_out(self) -> None:
        offered = {"iceServers": [None, {}, {"urls": [1, "http://x", "stun:", "stun:s.example?transport=udp"]}, {"urls": ["stun:s.example"]}]}
        self.assertEqual((await self.ask(offered))[0], [[RTCIceServer(["stun:s.example"])]])
        many = {"iceServers": [{"urls": ["stun:s.example"] * 20}] * 3}
        self.assertEqual([len(server.urls) for server in (await self.ask(many))[0][0]], [20, 12])

    async def test_without_an_answer_only_direct_paths_remain(self) -> None:
        self.assertEqual((await self.ask(UnreachableError("x")))[0], [[]])
        servers = IceServers(None, "http://box.test", "drop_x", headers=None, timeout=0.01)
        with patch.object(Connection, "request", lambda *_: asyncio.sleep(60)):
            self.assertEqual(await servers.get(), [])


class CandidatesTest(unittest.TestCase):
    def test_a_candidate_that_is_not_one_is_ignored(self) -> None:
        for value in [
            None,
            "x",
            {},
            {"candidate": ""},
            {"candidate": HOST},
            {"candidate": "candidate:x", "sdpMid": "0"},
            {"candidate": f"candidate:{HOST}", "sdpMid": True},
            {"candidate": f"candidate:{HOST}", "sdpMid": "0", "x": {}},
            {"candidate": f"candidate:{HOST}", "sdpMid": "0", "x": inf},
            {"candidate": f"candidate:{HOST}", "sdpMid": "0", "x": "y" * 4_096},
        ]:
            self.assertIsNone(Candidates().parse(value), value)
        candidate = Candidates().parse({"candidate": f"candidate:{HOST}", "sdpMid": None, "sdpMLineIndex": 0})
        self.assertEqual((candidate.ip, candidate.sdpMLineIndex) if candidate else None, ("127.0.0.1", 0))

    def test_those_beyond_the_first_hundred_are_ignored_wherever_they_come(self) -> None:
        candidates = Candidates()
        for _ in range(60):
            self.assertIsNotNone(candidates.parse({"candidate": f"candidate:{HOST}", "sdpMid": "0"}))
        sdp = "v=0\r\n" + f"a=candidate:{HOST}\r\n" * 60 + "a=x\r\n"
        limited = candidates.limit(RTCSessionDescription(sdp, "offer")).sdp
        self.assertEqual((limited.count("a=candidate"), limited[-5:]), (40, "a=x\r\n"))
        self.assertIsNone(candidates.parse({"candidate": f"candidate:{HOST}", "sdpMid": "0"}))


class DescriptionsTest(unittest.TestCase):
    def is_taken(self, sdp: str) -> bool:
        try:
            parse_description({"type": "offer", "sdp": sdp})
        except CallError as error:
            self.assertEqual(error.code, "CALL_ERR_DESCRIPTION")
            return False
        return True

    def test_a_section_has_a_limited_number_of_formats(self) -> None:
        def section(count: int) -> str:
            return "m=audio 9 UDP/TLS/RTP/SAVPF " + " ".join(map(str, range(count))) + "\r\n"

        def maps(count: int) -> str:
            return "".join(f"a=rtpmap:{number} x/1\r\n" for number in range(count))

        feedback = "a=rtcp-fb:* nack\r\n"
        self.assertTrue(self.is_taken(section(128) * 2))
        self.assertFalse(self.is_taken(section(129)))
        self.assertFalse(self.is_taken("m=audio 9 UDP/TLS/RTP/SAVPF 8 0 8\r\n"))
        self.assertTrue(self.is_taken(section(1) + maps(128)))
        self.assertFalse(self.is_taken(section(1) + maps(129)))
        self.assertFalse(self.is_taken("m=audio 9 UDP/TLS/RTP/SAVPF 96 096\r\n"), "96 in another spelling")
        self.assertTrue(self.is_taken((section(1) + maps(2)) * 2))
        for again in ("1", "01", " 1"):
            self.assertFalse(self.is_taken(section(1) + maps(2) + f"a=rtpmap:{again} y/1\r\n"), "mapped twice")
        # aiortc makes a copy for each a=rtpmap.
        self.assertTrue(self.is_taken(section(1) + maps(64) + feedback * 2))
        self.assertFalse(self.is_taken(section(1) + maps(64) + feedback * 3))


class ChannelTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.stored: list[Any] = []
        self.values: list[Any] = []
        self.sizes: list[int] = []
        self.ends: list[Any] = []
        key, nonces = Key(b"x" * 32, "drop_h"), (new_nonce(), new_nonce())

        def end(role: Any) -> Channel:
            session = Session(key, role, guest_drop="drop_g", guest_nonce=nonces[0], host_nonce=nonces[1])
            return Channel(session, self.store, on_value=self.take, on_end=self.ends.append, full=())

        self.host, self.guest = end("host"), end("guest")

    async def store(self, message: Any) -> None:
        self.stored.append(message)

    def take(self, value: Any, size: int) -> None:
        self.values.append(value)
        self.sizes.append(size)

    async def test_values_share_messages_and_large_ones_go_in_pieces(self) -> None:
        values: list[Any] = [{"a": "x" * 20_000}, {"b": "y" * 20_000}, {"c": 1}, {"d": "é" * 200_000}, {}]
        for value in values:
            self.host.send(value)
        self.host.finish(None)
        await self.host.run()
        for message in self.stored:
            self.assertLessEqual(len(message["sealed"]), 65_536)
            self.guest.receive(parse_message(message))
        self.assertEqual((self.values, self.ends), (values, [None]))
        # One, two that share, thirteen pieces, one, and the end.
        self.assertEqual(len(self.stored), 1 + 1 + 13 + 1 + 1)
        # Each message counts with one of its values, and all the pieces of a value count.
        self.assertEqual(sum(self.sizes), sum(len(message["sealed"]) for message in self.stored[:-1]))

    async def test_values_that_arrive_before_there_is_a_connection_are_limited_in_size(self) -> None:
        conversation = Conversation(self.host.session, self.store, DEFAULT_TIMINGS)
        conversation._receive({}, 2_000_000)
        with self.assertRaises(CallError) as raised:
            conversation._receive({}, 100_000)
        self.assertEqual(raised.exception.code, "CALL_ERR_FULL")

    async def test_a_value_that_is_too_large_is_not_sent(self) -> None:
        with self.assertRaises(CallError) as raised:
            self.host.send({"x": "y" * 524_288})
        self.assertEqual(raised.exception.code, "CALL_ERR_TOO_LARGE")

    async def test_what_waits_to_be_sent_is_limited(self) -> None:
        for _ in range(1_024):
            self.guest.send({})
        with self.assertRaises(CallError) as raised:
            self.guest.send({})
        self.assertEqual(raised.exception.code, "CALL_ERR_FULL")
        for _ in range(16):
            self.host.send("x" * 500_000)
        with self.assertRaises(CallError) as raised:
            self.host.send("x" * 500_000)
        self.assertEqual(raised.exception.code, "CALL_ERR_FULL")

    async def test_nothing_is_kept_for_a_box_that_is_gone(self) -> None:
        self.host._store = self.refuse
        self.host.send({})
        with self.assertRaises(UnreachableError):
            await self.host.run()
        for _ in range(2_000):
            self.host.send({})
        self.assertEqual(self.host._values, [])

    async def test_what_is_dropped_no_longer_waits(self) -> None:
        self.host.send("x" * 500_000)
        self.host.finish(None, drop=True)
        self.assertEqual((self.host._values, self.host._waiting_size), ([], 0))
        self.host._store = self.refuse
        self.host.send("x" * 500_000)
        self.host.send("x" * 500_000)
        with self.assertRaises(UnreachableError):
            await self.host.run()
        self.assertEqual((self.host._values, self.host._waiting_size), ([], 0))

    async def refuse(self, message: Any) -> None:
        raise UnreachableError("gone")

    async def test_a_guest_says_nothing_before_it_has_heard_the_host(self) -> None:
        session = Session(Key(b"x" * 32, "drop_h"), "guest", guest_drop="drop_g", guest_nonce=new_nonce())
        silent = Channel(session, self.store, on_value=lambda *_: None, on_end=lambda _: None, full=())
        silent.send({})
        silent.finish(None)
        await silent.run()
        self.assertEqual(self.stored, [])

    async def test_a_full_box_is_tried_again_but_not_forever(self) -> None:
        attempts = 0

        class Full(BoxError):
            code, status = "BOX_ERR_FULL", 409

            def __init__(self) -> None:
                pass

        async def store(_: Any) -> None:
            nonlocal attempts
            attempts += 1
            if attempts != 3:
                raise Full

        await store_patiently(store, {}, (0, 0, 0, 0))
        self.assertEqual(attempts, 3)
        with self.assertRaises(Full):
            await store_patiently(store, {}, (0, 0, 0, 0))
        self.assertEqual(attempts, 8)
