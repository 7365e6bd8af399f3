"""Box on a real server."""

import asyncio
import gc
import unittest
from unittest.mock import patch

from signalbox_client import Box, BoxClosedError, BoxError, Message, Page, Sent, UnreachableError, _box
from support import QUICK, URL, quick_box


class BoxTest(unittest.IsolatedAsyncioTestCase):
    async def create(self) -> Box:
        box = await Box.create(URL)
        self.addAsyncCleanup(box.delete)
        return box

    async def test_two_parties_find_each_other_by_a_link(self) -> None:
        async with await Box.create(URL) as host, await Box.create(URL) as guest, Box.open(host.drop_link) as to_host:
            await to_host.send({"reply": guest.drop_link})
            async for message in host:
                async with Box.open(message["reply"]) as to_guest:
                    self.assertEqual(await to_guest.send("hello"), Sent(seq=1, count=1))
                break
            async for message in guest:
                self.assertEqual(message, "hello")
                break

    async def test_the_drop_link_is_the_one_that_the_server_derives(self) -> None:
        box = await self.create()
        async with Box.open(box.drop_link) as drop:
            await drop.send(1)
            self.assertEqual(drop.drop_link, box.drop_link)
            with self.assertRaises(BoxError) as raised:
                await drop.read()
        self.assertEqual((raised.exception.status, raised.exception.code), (403, "BOX_ERR_DROP_ONLY"))
        self.assertIn("drop address", raised.exception.detail)
        self.assertEqual((await box.read()).messages, [Message(1, 1)])

    async def test_messages_can_be_read_acknowledged_and_drained_in_single_calls(self) -> None:
        box = await self.create()
        for n in (1, 2, 3, 4):
            await box.send(n)
        self.assertEqual(await box.read(after=1, limit=2), Page([Message(2, 2), Message(3, 3)], 3))
        self.assertEqual(await box.acknowledge(1), 3)
        self.assertEqual(await box.drain(), Page([Message(2, 2), Message(3, 3), Message(4, 4)], 4))
        self.assertEqual(await box.drain(), Page([], 4))

    async def test_any_json_value_comes_back_as_it_was(self) -> None:
        box = await self.create()
        values = [None, True, 0, -1, 10**30, 1.5, "", "é 漢字 🎉\u2028", "\ud800", [], {}, {"": [None]}, [[1, "2"], {"a": {}}]]
        for value in values:
            await box.send(value)
        self.assertEqual([message.data for message in (await box.read()).messages], values)
        taken = []
        async for value in box:
            taken.append(value)
            if len(taken) == len(values):
                break
        self.assertEqual(taken, values)

    async def test_a_deleted_box_is_gone_and_deleting_it_again_is_not_an_error(self) -> None:
        box = await Box.create(URL)
        other = Box.open(box.link)
        self.addAsyncCleanup(other.aclose)
        await box.delete()
        await box.delete()
        with self.assertRaises(BoxError) as raised:
            await other.send(1)
        self.assertEqual((raised.exception.status, raised.exception.code), (404, "BOX_ERR_NOT_FOUND"))
        with self.assertRaises(BoxError):
            async for _ in other:
                self.fail("a message from nowhere")
        await other.delete()

    async def test_a_box_can_still_be_deleted_after_it_was_closed(self) -> None:
        box = await Box.create(URL)
        await box.aclose()
        await box.aclose()
        await box.delete()
        async with Box.open(box.link) as other:
            with self.assertRaises(BoxError):
                await other.read()

    async def test_create_raises_if_the_server_refuses_or_the_url_is_invalid(self) -> None:
        with self.assertRaises(BoxError) as raised:
            await Box.create(URL, ttl=0)
        self.assertEqual((raised.exception.status, raised.exception.code), (400, "BOX_ERR_INVALID"))
        with self.assertRaises(BoxError) as raised:
            await Box.create(URL + "/nowhere")
        self.assertEqual(raised.exception.code, "BOX_ERR_NO_ROUTE")
        for url in ("", "box.test", "ftp://box.test", "http://", "http://[", "http://box.test:x"):
            with self.assertRaises(ValueError):
                await Box.create(url)

    async def test_create_gives_up_on_an_unreachable_server_and_names_it(self) -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        with patch.object(_box, "CREATE_TIMINGS", QUICK), self.assertRaises(UnreachableError) as raised:
            await Box.create(f"http://127.0.0.1:{port}")
        self.assertIn(f"http://127.0.0.1:{port}", str(raised.exception))
        self.assertIsNotNone(raised.exception.__cause__)

    async def test_neither_printing_nor_logging_reveals_a_capability(self) -> None:
        with self.assertLogs(level="DEBUG") as logs:
            box = await self.create()
            await box.send(1)
            with self.assertRaises(BoxError) as raised:
                await box.acknowledge(9)
        secrets = (box.link.rpartition("/")[2], box.drop_link.rpartition("/")[2])
        texts = [repr(box), repr(raised.exception), *logs.output]
        self.assertTrue(any("HTTP Request: POST" in text for text in texts))
        for text in texts:
            for secret in secrets:
                self.assertNotIn(secret, text)

    async def test_messages_are_sent_in_the_order_of_the_calls_even_if_some_are_cancelled(self) -> None:
        box = await self.create()
        tasks = [asyncio.create_task(box.send(n)) for n in range(40)]
        await asyncio.sleep(0)
        for n in (20, 21, 30):
            tasks[n].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        kept = [n for n in range(40) if n not in (20, 21, 30)]
        self.assertEqual([message.data for message in (await box.read()).messages], kept)

    async def test_closing_ends_loops_and_pending_calls(self) -> None:
        box = await self.create()

        async def loop() -> str:
            async for _ in box:
                self.fail("a message from nowhere")
            return "ended"

        looping = asyncio.create_task(loop())
        reading = asyncio.create_task(box.read(wait=20))
        await asyncio.sleep(0.05)
        await box.aclose()
        self.assertEqual(await looping, "ended")
        with self.assertRaises(BoxClosedError):
            await reading
        with self.assertRaises(BoxClosedError):
            await box.send(1)
        self.assertEqual(await loop(), "ended")

    async def test_what_was_received_before_closing_is_not_delivered_after_it(self) -> None:
        box = await self.create()
        for n in (1, 2, 3):
            await box.send(n)
        taken = []
        async for message in box:
            taken.append(message)
            await box.aclose()
        self.assertEqual(taken, [1])

    async def test_a_timeout_of_the_caller_does_not_end_the_loop(self) -> None:
        box = await self.create()
        async with box.messages() as messages:
            for n in (1, 2, 3):
                with self.assertRaises(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await anext(messages)
                await box.send(n)
                self.assertEqual(await anext(messages), Message(n, n))


class LoopTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        owner = await Box.create(URL)
        self.addAsyncCleanup(owner.delete)
        self.box = quick_box(owner.link)
        self.addAsyncCleanup(self.box.aclose)
        for n in (1, 2, 3):
            await self.box.send(n)

    async def left(self) -> list[object]:
        return [message.data for message in (await self.box.read()).messages]

    async def test_a_message_is_acknowledged_when_the_next_one_is_requested_not_before(self) -> None:
        async with self.box.messages() as messages:
            await anext(messages)
        self.assertEqual(await self.left(), [1, 2, 3])
        async with self.box.messages() as messages:
            await anext(messages)
            await anext(messages)
        self.assertEqual(await self.left(), [2, 3])

    async def test_the_message_at_which_a_loop_was_left_is_delivered_again(self) -> None:
        async for message in self.box:
            if message == 2:
                break
        with self.assertRaises(KeyError):
            async for message in self.box:
                self.assertEqual(message, 2)
                raise KeyError
        taken = []
        async for message in self.box:
            taken.append(message)
            if message == 3:
                break
        self.assertEqual(taken, [2, 3])

    async def test_a_loop_that_was_left_releases_its_connection_and_acknowledges_what_was_handled(self) -> None:
        async for message in self.box:
            if message == 3:
                break
        gc.collect()
        await self.box._loops_ended()
        self.assertEqual(await self.left(), [3])
        self.assertEqual(self.box._ending, set())

    async def test_after_a_loop_from_a_given_cursor_the_next_one_continues_there(self) -> None:
        async for message in self.box.messages(after=1):
            self.assertEqual(message, Message(2, 2))
            break
        async for message in self.box.messages():
            self.assertEqual(message, Message(2, 2))
            break

    async def test_only_one_loop_at_a_time_reads_through_a_box(self) -> None:
        async with self.box.messages() as messages:
            await anext(messages)
            with self.assertRaises(RuntimeError):
                await anext(self.box.messages())
        self.assertEqual((await anext(self.box.messages())).seq, 1)

    async def test_a_cursor_ahead_of_the_box_ends_the_loop_with_the_servers_error(self) -> None:
        messages = self.box.messages(after=9)
        with self.assertRaises(BoxError) as raised:
            await anext(messages)
        self.assertEqual(raised.exception.code, "BOX_ERR_CURSOR")
        with self.assertRaises(StopAsyncIteration):
            await anext(messages)

    async def test_a_box_deleted_while_it_is_followed_ends_the_loop_after_its_messages(self) -> None:
        taken = []
        with self.assertRaises(BoxError) as raised:
            async for message in self.box:
                taken.append(message)
                if message == 3:
                    await Box.open(self.box.link).delete()
        self.assertEqual(taken, [1, 2, 3])
        self.assertEqual(raised.exception.status, 404)
