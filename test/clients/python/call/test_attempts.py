"""How many attempts to join may fail."""

import asyncio
import unittest

from scripted import ScriptedGuest

from signalbox_client.webrtc import CallError
from signalbox_client.webrtc._attempts import COMPARED, Attempts
from support import CallTest, until


class AttemptsTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.now = 1_000.0
        self.attempts = Attempts(600, enabled=True, clock=lambda: self.now)

    def fail(self, count: int, cost: float = 1) -> None:  # type: ignore[override]
        for _ in range(count):
            self.assertTrue(self.attempts.begin())
            self.attempts.end(cost)

    def is_closed(self) -> bool:
        try:
            self.attempts.check()
        except CallError as error:
            self.assertEqual(error.code, "CALL_ERR_ATTEMPTS")
            return True
        return False

    async def test_eight_failures_close_the_invite_until_one_is_forgotten(self) -> None:
        self.fail(7)
        self.assertFalse(self.is_closed())
        self.fail(1)
        self.assertTrue(self.is_closed())
        self.now += 599
        self.assertTrue(self.is_closed())
        self.now += 1
        self.fail(1)
        self.assertTrue(self.is_closed())
        self.now += 6_000
        self.assertEqual(self.attempts.failed, 0)

    async def test_an_attempt_whose_code_could_be_compared_counts_a_sixteenth(self) -> None:
        self.fail(127, COMPARED)
        self.assertFalse(self.is_closed())
        self.fail(1, COMPARED)
        self.assertTrue(self.is_closed())

    async def test_as_many_are_under_way_as_may_fail(self) -> None:
        self.fail(6)
        self.assertTrue(self.attempts.begin())
        self.assertTrue(self.attempts.begin())
        self.assertFalse(self.attempts.begin())
        waiting = asyncio.create_task(self.attempts.wait_changed())
        await asyncio.sleep(0)
        self.attempts.end(0)
        await waiting
        self.assertTrue(self.attempts.begin())
        self.attempts.end(1)
        self.attempts.end(1)
        with self.assertRaises(CallError):
            self.attempts.begin()

    async def test_nothing_is_counted_where_nobody_compares(self) -> None:
        self.attempts = Attempts(600, enabled=False)
        self.fail(20)
        self.assertFalse(self.is_closed())


class JoiningTest(CallTest):
    async def test_eight_guests_that_do_not_connect_close_the_invite(self) -> None:
        refused: list[str] = []
        call = await self.host(refused=lambda error, id: refused.append(error.code))
        connected = await self.join(call.invite)
        guest, peer = await self.peer(call), await self.peer(connected)
        for _ in range(7):
            async with await ScriptedGuest.create(call.invite) as scripted:
                await scripted.offered()
                await scripted.say(None)
        # Seven have failed, and one is under way: the next one waits, and is told so.
        self.assertEqual(call._attempts._failed + call._attempts._under_way, 8)
        await until(lambda: refused == ["CALL_ERR_CLOSED"] * 7)
        refused.clear()
        call._options.timings.__dict__["waiting"] = 0.05
        async with await ScriptedGuest.create(call.invite) as scripted:
            await scripted.greet()
            self.assertEqual([await scripted.hear() for _ in range(3)], [[{}]] * 3)
            self.assertEqual(refused, [])
            # Its code was not read.
            await connected.close()
            await guest.wait_closed()
            self.assertEqual(await self._refusal(scripted), {"ended": "CALL_ERR_ATTEMPTS"})
        self.assertEqual(await self.failure(await self.join(call.invite)), "CALL_ERR_ATTEMPTS")
        # The host is told when it happens, and for each of the two.
        await until(lambda: refused == ["CALL_ERR_ATTEMPTS"] * 3)
        self.assertIsNone(await self.ended(peer))

    async def _refusal(self, scripted: ScriptedGuest) -> object:
        while (value := await scripted.hear()) == [{}]:
            pass
        return value

    async def test_reading_the_code_and_staying_makes_an_attempt_succeed(self) -> None:
        call = await self.host()
        call._options.timings.__dict__["compare"] = 0.5
        read, unread = await self.join(call.invite), await self.join(call.invite)
        for _ in range(2):
            guest = await self.peer(call)
            if guest.id == read.id:
                self.assertRegex(guest.code, r"^\d{6}$")
        await until(lambda: call._attempts._under_way == 0)
        self.assertEqual(call._attempts._failed, 1 + COMPARED)
        await unread.close()

    async def test_a_guest_that_was_gone_before_the_offer_counts_nothing(self) -> None:
        call = await self.host()
        connected = await self.join(call.invite)
        await self.peer(call)
        refused: list[str] = []
        object.__setattr__(call._options, "refused", lambda error, id: refused.append(error.code))
        async with await ScriptedGuest.create(call.invite) as scripted:
            await scripted.box.delete()
            await scripted.greet()
            await until(lambda: refused)
        self.assertEqual(refused, ["CALL_ERR_GONE"])
        self.assertEqual((call._attempts._failed, call._attempts._under_way), (0, 1))
        await connected.close()
