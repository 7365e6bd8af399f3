"""Calls on a real server, over loopback."""

import asyncio
import sys
from unittest.mock import patch

from signalbox_client import Box
from signalbox_client.webrtc import CallError, host, join
from signalbox_client.webrtc._sealing import parse_invite
from support import URL, CallTest, Messages, until


class CallsTest(CallTest):
    async def test_two_sides_meet_see_the_same_code_and_leave(self) -> None:
        async with host(URL, ice_servers=[]) as call:
            self.assertTrue(call.invite.startswith(f"{URL}/#v=1&drop=drop_"))
            async with await join(call.invite, ice_servers=[]) as joined:
                guest, peer = await self.peer(call), await self.peer(joined)
                self.assertRegex(peer.code, r"^\d{6}$")
                self.assertEqual(guest.code, peer.code)
                self.assertEqual((guest.id, peer.id), (joined.id, call.id))
                self.assertEqual((guest.is_host, peer.is_host), (False, True))
                heard = Messages(guest.channel)
                peer.channel.send("héllo 🎉")
                peer.channel.send(b"\x00\xff")
                self.assertEqual([await heard.next(), await heard.next()], ["héllo 🎉", b"\x00\xff"])
                self.assertFalse(guest.closed)
            self.assertIsNone(await self.ended(guest))
            self.assertTrue(peer.closed)
        self.assertIsNone(await self.failure(call))

    async def test_messages_that_arrive_before_the_channel_is_read_are_kept_in_order(self) -> None:
        guest, peer = await self.connect()
        for n in range(100):
            peer.channel.send(str(n))
        await until(lambda: len(guest._hold._messages or ()) == 100)
        heard = Messages(guest.channel)
        peer.channel.send("100")
        self.assertEqual([await heard.next() for _ in range(101)], [str(n) for n in range(101)])

    async def test_too_many_messages_that_nobody_reads_end_the_connection(self) -> None:
        guest, peer = await self.connect()
        for n in range(1_025):
            peer.channel.send(str(n))
        self.assertEqual(await self.ended(guest), "CALL_ERR_FULL")
        self.assertEqual(await self.ended(peer), "CALL_ERR_FULL")

    async def test_a_host_takes_several_guests_and_refuses_one_too_many(self) -> None:
        refused: list[tuple[str, str | None]] = []
        call = await self.host(max_guests=2, refused=lambda error, id: refused.append((error.code, id)))
        first, second = await self.join(call.invite), await self.join(call.invite)
        guests = {peer.id: peer for peer in (await self.peer(call), await self.peer(call))}
        self.assertEqual(set(guests), {first.id, second.id})
        third = await self.join(call.invite)
        self.assertEqual(await self.failure(third), "CALL_ERR_FULL")
        await until(lambda: refused == [("CALL_ERR_FULL", third.id)])
        await first.close()
        await guests[first.id].wait_closed()
        fourth = await self.join(call.invite)
        self.assertEqual((await self.peer(call)).id, fourth.id)

    async def test_when_the_host_leaves_the_guests_loop_ends_and_the_invite_is_gone(self) -> None:
        call = await self.host()
        joined = await self.join(call.invite)
        peer = await self.peer(joined)
        await call.close()
        await call.close()
        self.assertIsNone(await self.ended(peer))
        self.assertIsNone(await self.failure(joined))
        with self.assertRaises(CallError) as raised:
            await join(call.invite, ice_servers=[])
        self.assertEqual(raised.exception.code, "CALL_ERR_GONE")

    async def test_a_peer_can_be_closed_with_a_reason(self) -> None:
        guest, peer = await self.connect()
        await guest.close(CallError("CALL_ERR_FULL"))
        self.assertEqual(await self.ended(guest), "CALL_ERR_FULL")
        self.assertEqual(await self.ended(peer), "CALL_ERR_FULL")
        self.assertEqual(await self.failure(self._opened[1]), "CALL_ERR_FULL")

    async def test_a_reason_that_is_not_for_others_arrives_as_closed(self) -> None:
        guest, peer = await self.connect()
        await peer.close(CallError("CALL_ERR_KEY"))
        self.assertEqual(await self.ended(guest), "CALL_ERR_CLOSED")

    async def test_a_guest_that_leaves_deletes_its_box(self) -> None:
        created = []
        create = Box.create

        async def remember(*args: object, **given: object) -> Box:
            created.append(box := await create(*args, **given))  # type: ignore[arg-type]
            return box

        with patch.object(Box, "create", remember):
            await self.connect()
        links = [box.drop_link for box in created]
        for call in reversed(self._opened):
            await call.close()
        self.assertEqual([await self.is_gone(link) for link in links], [True, True])

    async def test_an_invite_for_another_server_or_none_at_all_is_refused(self) -> None:
        call = await self.host()
        for invite, server, code in [
            (call.invite, "https://other.example", "CALL_ERR_INVITE"),
            ("https://box.example/", None, "CALL_ERR_INVITE"),
            (call.invite.replace("v=1", "v=2"), None, "CALL_ERR_INVITE_VERSION"),
            (call.invite[:-1], None, "CALL_ERR_KEY"),
        ]:
            with self.assertRaises(CallError) as raised:
                await join(invite, server=server)
            self.assertEqual(raised.exception.code, code)
        with self.assertRaises(ValueError):
            join(call.invite, headers={"authorization": "x"})
        with self.assertRaises(ValueError):
            host("ftp://x")
        with self.assertRaises(ValueError):
            host(URL, max_guests=0)
        with self.assertRaises(ValueError):
            host(URL, page="box.example/call")

    async def test_a_server_that_does_not_exist_is_reported(self) -> None:
        link = "http://127.0.0.1:9/#" + (await self.host()).invite.partition("#")[2]
        with patch("signalbox_client._retry.CREATE_TIMINGS.__class__.max_attempts", 1), self.assertRaises(CallError) as raised:
            await join(link, ice_servers=[], timeout=0.2)
        self.assertEqual(raised.exception.code, "CALL_ERR_SERVER")

    async def test_a_host_that_does_not_answer_is_given_up(self) -> None:
        async with await Box.create(URL) as box:
            call = await self.host()
            invite = parse_invite(call.invite)
            silent = call.invite.replace(invite.key.host_drop, box.drop_link.rpartition("/")[2])
            joined = await self.join(silent, answer=0.3)
            self.assertEqual(await self.failure(joined), "CALL_ERR_NO_PEER")

    async def test_a_guest_that_does_not_answer_is_given_up(self) -> None:
        refused: list[str] = []
        call = await self.host(answer=0.5, refused=lambda error, id: refused.append(error.code))
        with patch("signalbox_client.webrtc._negotiation.Negotiation._take_description"):
            await self.join(call.invite)
            await until(lambda: refused == ["CALL_ERR_NO_PEER"])

    async def test_cancelling_the_task_inside_a_call_leaves_it(self) -> None:
        call = await self.host()

        async def attend() -> None:
            async with join(call.invite, ice_servers=[]) as joined:
                async for peer in joined.peers:
                    peer.channel.send("here")

        task = asyncio.create_task(attend())
        guest = await self.peer(call)
        self.assertEqual(await Messages(guest.channel).next(), "here")
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertIsNone(await self.ended(guest))

    async def test_waiting_for_a_peer_can_be_cancelled_and_done_again(self) -> None:
        call = await self.host()
        with self.assertRaises(TimeoutError):
            async with asyncio.timeout(0.01):
                await anext(call.peers)
        joined = await self.join(call.invite)
        self.assertEqual((await self.peer(call)).id, joined.id)

    async def test_a_call_can_be_left_before_it_is_connected(self) -> None:
        call = await self.host()
        for _ in range(3):
            await (await self.join(call.invite)).close()
        async with join(call.invite, ice_servers=[]):
            await call.close()
        self.assertIsNone(await self.failure(call))

    async def test_an_application_that_fails_to_prepare_is_told(self) -> None:
        def fail(connection: object) -> None:
            raise ZeroDivisionError

        call = await self.host()
        with self.assertRaises(ZeroDivisionError):
            await join(call.invite, ice_servers=[], prepare=fail)
        refused: list[str] = []
        failing = await self.host(prepare=fail, refused=lambda error, id: refused.append(error.code))
        with self.assertLogs("signalbox_client", "ERROR"):
            self.assertEqual(await self.failure(await self.join(failing.invite)), "CALL_ERR_CLOSED")
        await until(lambda: refused == ["CALL_ERR_CLOSED"])

    async def test_the_extra_is_named_if_it_is_missing(self) -> None:
        code = "import sys; sys.modules['aiortc'] = None\nimport signalbox_client.webrtc"
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stderr=asyncio.subprocess.PIPE)
        _, errors = await child.communicate()
        self.assertIn("ModuleNotFoundError: Calls need aiortc: pip install 'signalbox-client[webrtc]'", errors.decode())
