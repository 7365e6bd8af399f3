"""How a loop acknowledges on servers that misbehave."""

import asyncio
import json
import unittest
from collections.abc import AsyncIterator, Callable
from typing import Any
from unittest.mock import AsyncMock, patch

import httpx

from signalbox_client import Box, BoxError
from support import Fake, Stream, event, fake_box, problem, stream


def holding(last: int, answer: Callable[[int], httpx.Response], **timings: Any) -> tuple[Box, Fake]:
    """A box that holds the messages 1 to last; its server answers the first, second … acknowledgement as told."""

    async def messages() -> AsyncIterator[bytes]:
        for seq in range(1, last + 1):
            yield event(seq, seq)
        await asyncio.Event().wait()

    def handler(request: httpx.Request) -> httpx.Response:
        return stream(messages()) if request.method == "GET" else answer(len(cursors(fake)))

    box, fake = fake_box(handler, **timings)
    return box, fake


def cursors(fake: Fake) -> list[int]:
    return [json.loads(request.content)["after"] for request in fake.requests if request.method == "PUT"]


def accepted() -> httpx.Response:
    return httpx.Response(200, json={"type": "ack", "data": 0})


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


class AcknowledgerTest(unittest.IsolatedAsyncioTestCase):
    async def test_acknowledgements_are_combined(self) -> None:
        box, fake = holding(200, lambda _: accepted(), acknowledge_interval=60)
        async for message in box:
            if message == 200:
                break
        await box._loops_ended()
        self.assertEqual(cursors(fake)[-1], 199)
        self.assertLess(len(cursors(fake)), 10)

    async def test_a_failed_acknowledgement_does_not_disturb_the_loop(self) -> None:
        box, _ = holding(3, lambda _: problem(409, "BOX_ERR_CURSOR"))
        taken = []
        async for message in box:
            taken.append(message)
            if message == 3:
                break
        self.assertEqual(taken, [1, 2, 3])

    async def test_one_that_failed_is_repeated_while_the_loop_waits_with_the_latest_cursor(self) -> None:
        box, fake = holding(2, lambda count: problem(503, "BOX_ERR_STORE") if count <= 20 else accepted())
        async with box, box.messages() as messages:
            self.assertEqual([(await anext(messages)).seq, (await anext(messages)).seq], [1, 2])
            waiting = asyncio.create_task(anext(messages))
            await until(lambda: len(cursors(fake)) == 21)
            waiting.cancel()
        self.assertEqual(cursors(fake)[1:], [2] * 20)

    async def test_a_loop_that_is_left_does_not_wait_before_it_repeats_one_that_failed(self) -> None:
        box, fake = holding(
            2, lambda count: problem(503, "BOX_ERR_STORE") if count == 1 else accepted(), min_delay=1000, max_delay=1000
        )
        async with box, box.messages() as messages:
            await anext(messages)
            await anext(messages)
            await until(lambda: len(cursors(fake)) == 1)
        self.assertEqual(cursors(fake), [1, 1])

    async def test_a_loop_that_is_left_does_not_wait_for_as_long_as_the_server_may_ask(self) -> None:
        box, fake = holding(2, lambda _: problem(503, "BOX_ERR_STORE", **{"retry-after": "3600"}), flush_timeout=1000)
        async with box, box.messages() as messages:
            await anext(messages)
            await anext(messages)
            await until(lambda: len(cursors(fake)) == 1)
        self.assertEqual(cursors(fake), [1, 1])

    async def test_however_many_messages_wait_the_server_is_not_asked_before_it_allows(self) -> None:
        box, fake = holding(
            200, lambda count: problem(503, "BOX_ERR_STORE", **{"retry-after": "0" if count < 10 else "3600"})
        )
        async with box, box.messages() as messages:
            await anext(messages)
            await anext(messages)
            await until(lambda: len(cursors(fake)) == 10)
            for _ in range(198):
                await anext(messages)
            await asyncio.sleep(0.005)
            self.assertEqual(len(cursors(fake)), 10)

    async def test_a_refused_one_does_not_come_again_for_each_message(self) -> None:
        box, fake = holding(10, lambda _: problem(409, "BOX_ERR_CURSOR"), acknowledge_interval=1000)
        async with box, box.messages() as messages:
            for _ in range(10):
                await anext(messages)
                await asyncio.sleep(0.001)
            self.assertEqual(cursors(fake), [1])
        self.assertEqual(cursors(fake)[-1], 9, "but once more when the loop is left")

    async def test_a_refused_one_is_not_repeated_without_a_later_cursor(self) -> None:
        box, fake = holding(2, lambda _: problem(409, "BOX_ERR_CURSOR"))
        async with box, box.messages() as messages:
            await anext(messages)
            await anext(messages)
            await asyncio.sleep(0.01)
            self.assertEqual(cursors(fake), [1])

    async def test_a_box_whose_closing_is_cancelled_leaves_nothing_behind(self) -> None:
        asked = asyncio.Event()

        def refuse(_: int) -> httpx.Response:
            asked.set()
            return problem(503, "BOX_ERR_STORE")

        box, fake = holding(2, refuse, flush_timeout=1000)
        messages = box.messages()
        await anext(messages)
        await anext(messages)
        await asked.wait()
        with patch.object(fake, "aclose", AsyncMock()) as aclose:
            closing = asyncio.create_task(box.aclose())
            await until(lambda: len(cursors(fake)) > 2)
            closing.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await closing
        aclose.assert_awaited_once()
        before = len(fake.requests)
        await box._loops_ended()
        await asyncio.sleep(0.02)
        self.assertEqual((len(fake.requests), box._ending), (before, set()))

    async def test_one_whose_closing_is_cancelled_while_its_stream_closes_does_not_either(self) -> None:
        stuck = asyncio.Event()

        class Stuck(Stream):
            async def aclose(self) -> None:
                stuck.set()
                await asyncio.Event().wait()

        async def chunks() -> AsyncIterator[bytes]:
            yield event(1, 1) + event(2, 2)
            await asyncio.Event().wait()

        def handler(request: httpx.Request) -> httpx.Response:
            return stream(Stuck(chunks())) if request.method == "GET" else problem(503, "BOX_ERR_STORE")

        box, fake = fake_box(handler)
        messages = box.messages()
        await anext(messages)
        await anext(messages)
        await until(lambda: len(cursors(fake)) > 0)
        acknowledging = messages._loop._acknowledger._task
        closing = asyncio.create_task(box.aclose())
        await stuck.wait()
        closing.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await closing
        await asyncio.wait([acknowledging])
        self.assertTrue(acknowledging.cancelled())

    async def test_what_a_loop_could_not_acknowledge_is_acknowledged_when_the_next_one_begins(self) -> None:
        works = False

        async def quiet() -> AsyncIterator[bytes]:
            yield b": open\n\n" if works else event(1, 1) + event(2, 2)
            await asyncio.Event().wait()

        def handler(request: httpx.Request) -> httpx.Response:
            if request.method == "GET":
                return stream(quiet())
            return accepted() if works else problem(503, "BOX_ERR_STORE")

        box, fake = fake_box(handler, max_attempts=2)
        async with box:
            async with box.messages() as messages:
                await anext(messages)
                await anext(messages)
            works = True
            before = len(cursors(fake))
            async with box.messages() as messages:
                waiting = asyncio.create_task(anext(messages))
                # Until then, a full box would stay full, and nobody could store what the loop waits for.
                async with asyncio.timeout(10):
                    await until(lambda: len(cursors(fake)) > before)
                waiting.cancel()
            self.assertEqual(cursors(fake)[before:], [1])

    async def test_what_has_been_acknowledged_is_not_acknowledged_again_when_the_next_loop_begins(self) -> None:
        box, fake = holding(2, lambda _: accepted())
        async with box:
            for _ in range(2):
                async with box.messages() as messages:
                    while (await anext(messages)).seq < 2:
                        pass
        self.assertEqual(cursors(fake), [1])

    async def test_a_cursor_that_was_refused_is_not_sent_again_when_the_loop_ends(self) -> None:
        box, fake = fake_box(lambda _: problem(409, "BOX_ERR_CURSOR"))
        with self.assertRaises(BoxError):
            await anext(box.messages(after=7))
        await box.aclose()
        self.assertEqual(cursors(fake), [7])
