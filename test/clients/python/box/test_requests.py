"""Box on servers that misbehave."""

import asyncio
import json
import tracemalloc
import unittest
from collections.abc import AsyncIterator
from dataclasses import replace
from email.utils import format_datetime
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

import httpx

from signalbox_client import Box, BoxError, ResponseTooLargeError, SignalboxError, UnreachableError, _box, errors
from signalbox_client._json import from_json
from signalbox_client._retry import backoff_delay, Timings
from support import ID, LINK, Stream, ack, event, fake_box, problem, stream


def in_turn(*responses: httpx.Response | Exception):
    left = list(responses)

    def handler(request: httpx.Request) -> httpx.Response:
        response = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(response, Exception):
            raise response
        return response

    return handler


def depth(value: object) -> int:
    levels = 0
    while isinstance(value, list):
        levels += 1
        value = value[0] if value else None
    return levels


class JsonTest(unittest.TestCase):
    def test_a_long_text_in_a_deep_message_is_read_without_a_copy_of_each_character(self) -> None:
        text = "[" * 5_000 + '"' + "x" * 500_000 + '"' + "]" * 5_000
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        self.assertEqual(depth(from_json(text)), 5_000)
        self.assertLess(tracemalloc.get_traced_memory()[1], 10 * len(text))


class SendTest(unittest.IsolatedAsyncioTestCase):
    async def test_a_retry_has_the_same_key_and_body_and_another_message_has_another_key(self) -> None:
        box, fake = fake_box(in_turn(httpx.ReadError("cut"), problem(503, "BOX_ERR_STORE"), ack(), ack(2)))
        message = {"n": 1}
        sending = asyncio.create_task(box.send(message))
        await asyncio.sleep(0)
        message["n"] = 2
        await sending
        await box.send("other")
        keys = [request.headers["idempotency-key"] for request in fake.requests]
        self.assertEqual((len(keys), len(set(keys[:3])), len(set(keys))), (4, 1, 2))
        self.assertEqual([request.content for request in fake.requests], [b'{"n":1}'] * 3 + [b'"other"'])

    async def test_a_value_that_is_not_json_is_refused_before_anything_is_sent(self) -> None:
        box, fake = fake_box(in_turn(ack()))
        loop: list[object] = []
        loop.append(loop)
        for value, error in ((object(), TypeError), ({1, 2}, TypeError), (float("nan"), ValueError), (loop, ValueError)):
            with self.assertRaises(error):
                await box.send(value)
        self.assertEqual(fake.requests, [])

    async def test_a_refusal_is_not_retried(self) -> None:
        for status, code in ((400, "BOX_ERR_INVALID"), (409, "BOX_ERR_FULL"), (413, "BOX_ERR_TOO_LARGE")):
            box, fake = fake_box(in_turn(problem(status, code)))
            with self.assertRaises(BoxError) as raised:
                await box.send(1)
            error = raised.exception
            self.assertEqual((error.status, error.code, error.detail, len(fake.requests)), (status, code, "Do this.", 1))
            self.assertEqual(str(error), f"{code}: Do this.")

    async def test_it_gives_up_eventually_with_the_last_error(self) -> None:
        box, fake = fake_box(in_turn(*[httpx.ConnectError("refused")] * 9, problem(503, "BOX_ERR_STORE")))
        with self.assertRaises(BoxError):
            await box.send(1)
        self.assertEqual(len(fake.requests), 10)

    async def test_it_does_not_wait_indefinitely_for_a_response(self) -> None:
        async def never(_: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

        box, fake = fake_box(never, response_timeout=0.05, max_attempts=3)
        with self.assertRaises(UnreachableError):
            await box.send(1)
        self.assertEqual(len(fake.requests), 3)

    async def test_retry_after_in_seconds_or_as_a_date_is_added_to_the_backoff(self) -> None:
        timings = Timings(min_delay=1, max_delay=8)
        soon = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=100), usegmt=True)
        for value, least, most in (("7", 7.5, 8), ("0", 0.5, 1), (soon, 95, 101), ("soon", 0.5, 1), ("nan", 0.5, 1), ("1e9", 86400, 86401)):
            error = BoxError(problem(429, "BOX_ERR_RATE", **{"retry-after": value}))
            delay = backoff_delay(1, error, timings)
            self.assertTrue(least <= delay <= most, f"{value}: {delay}")
        delays = [backoff_delay(failures, None, timings) for failures in (1, 2, 3, 4, 5, 10**6)]
        for delay, longest in zip(delays, (1, 2, 4, 8, 8, 8), strict=True):
            self.assertTrue(longest / 2 <= delay <= longest)

    async def test_retry_after_is_waited_for(self) -> None:
        box, _ = fake_box(in_turn(problem(429, "BOX_ERR_RATE", **{"retry-after": "60"}), ack()))
        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)

        with patch("asyncio.sleep", sleep):
            await box.send(1)
        self.assertEqual([round(seconds) for seconds in waits], [60])

    async def test_creating_a_box_does_not_wait_for_a_long_retry_after(self) -> None:
        transport = fake_box(in_turn(problem(429, "BOX_ERR_RATE", **{"retry-after": "60"})))[1]
        with self.assertRaises(BoxError) as raised:
            await Box.create("http://box.test", transport=transport)
        self.assertEqual((raised.exception.retry_after, len(transport.requests)), (60, 1))


    async def test_creating_a_box_does_not_wait_repeatedly_for_a_server_that_does_not_respond(self) -> None:
        async def never(_: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

        transport = fake_box(never)[1]
        with patch.object(_box, "CREATE_TIMINGS", replace(_box.CREATE_TIMINGS, response_timeout=0.05, min_delay=0.001)):
            with self.assertRaises(UnreachableError):
                await Box.create("http://box.test", transport=transport)
        self.assertEqual((len(transport.requests), _box.CREATE_TIMINGS.response_timeout), (1, 10))


class ErrorTest(unittest.TestCase):
    def test_all_errors_have_one_base_class(self) -> None:
        for name in errors.__all__:
            self.assertTrue(issubclass(getattr(errors, name), SignalboxError), name)
        self.assertTrue(issubclass(UnreachableError, ConnectionError))


class ResponseTest(unittest.IsolatedAsyncioTestCase):
    async def test_an_endless_response_is_abandoned_at_the_limit_and_not_requested_again(self) -> None:
        read = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal read
            while True:
                read += 1
                yield b"x" * 100

        box, fake = fake_box(lambda _: httpx.Response(200, content=endless()), max_response_bytes=1000)
        with self.assertRaises(ResponseTooLargeError):
            await box.read()
        self.assertEqual((len(fake.requests), read), (1, 11))

    async def test_an_endless_event_is_abandoned_but_a_stream_may_exceed_the_limit(self) -> None:
        async def endless() -> AsyncIterator[bytes]:
            for seq in range(1, 51):
                yield event(seq, "x" * 50)
            while True:
                yield b"data: " + b"x" * 100

        box, fake = fake_box(
            lambda request: stream(endless()) if request.method == "GET" else ack(), max_response_bytes=1000
        )
        taken = []
        with self.assertRaises(ResponseTooLargeError):
            async for message in box:
                taken.append(message)
        self.assertEqual(len(taken), 50)
        self.assertEqual(len([request for request in fake.requests if request.method == "GET"]), 1)

    async def test_a_compressed_response_is_neither_asked_for_nor_unpacked(self) -> None:
        box, fake = fake_box(lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"bomb")), max_attempts=1)
        with self.assertRaises(UnreachableError):
            await box.read()
        self.assertEqual(fake.requests[0].headers["accept-encoding"], "identity")

    async def test_a_success_without_the_promised_body_is_none(self) -> None:
        for body in ({}, [], None, {"type": "ack"}, {"type": "ack", "data": 1, "seq": "1"}, {"type": "ack", "data": True, "seq": 1}):
            box, fake = fake_box(in_turn(httpx.Response(200, content=json.dumps(body))))
            with self.assertRaises(BoxError) as raised:
                await box.send(1)
            self.assertEqual((raised.exception.status, raised.exception.code, len(fake.requests)), (200, None, 1))

    async def test_a_redirect_that_turns_a_request_into_another_is_an_error_that_names_it(self) -> None:
        page = httpx.Response(200, json={"type": "msgs", "data": [], "next": 0})
        box, fake = fake_box(lambda r: httpx.Response(301, headers={"location": "/new"}) if r.method == "POST" else page)
        with self.assertRaises(BoxError) as raised:
            await box.send(1)
        self.assertIn("redirects", raised.exception.detail)
        self.assertEqual([request.method for request in fake.requests], ["POST", "GET"])

    async def test_a_redirect_that_keeps_the_request_is_followed(self) -> None:
        box, fake = fake_box(lambda r: ack() if r.url.path == "/new" else httpx.Response(308, headers={"location": "/new"}))
        self.assertEqual((await box.send(1)).seq, 1)
        self.assertEqual(fake.requests[1].content, b"1")

    async def test_a_drain_is_not_repeated_if_its_messages_may_be_lost(self) -> None:
        box, fake = fake_box(in_turn(httpx.ReadError("cut")))
        with self.assertRaises(UnreachableError):
            await box.drain()
        self.assertEqual(len(fake.requests), 1)
        page = httpx.Response(200, json={"type": "msgs", "data": [7], "next": 1})
        box, fake = fake_box(in_turn(problem(429, "BOX_ERR_RATE"), httpx.ConnectError("refused"), problem(503, "BOX_ERR_BUSY"), page))
        self.assertEqual([message.data for message in (await box.drain()).messages], [7])


class HeadersTest(unittest.IsolatedAsyncioTestCase):
    async def test_a_box_sends_its_headers_with_every_request_but_not_instead_of_its_own(self) -> None:
        box, fake = fake_box(in_turn(ack()), headers={"Authorization": "Bearer x", "Idempotency-Key": "mine", "Accept": "x/y"})
        await box.send(1)
        await box.send(2)
        for request in fake.requests:
            self.assertEqual(request.headers["authorization"], "Bearer x")
            self.assertNotIn(request.headers["idempotency-key"], ("mine", ""))
            self.assertEqual(request.headers["accept"], "application/json")

    async def test_a_function_is_called_for_each_request_and_retried_if_it_fails(self) -> None:
        calls = 0

        async def headers() -> dict[str, str]:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise OSError("no token yet")
            return {"authorization": f"Bearer {calls}"}

        box, fake = fake_box(in_turn(ack()), headers=headers)
        await box.send(1)
        await box.send(2)
        self.assertEqual([request.headers["authorization"] for request in fake.requests], ["Bearer 2", "Bearer 3"])

    async def test_with_headers_redirects_are_refused_and_links_cannot_lead_elsewhere(self) -> None:
        box, fake = fake_box(lambda _: httpx.Response(308, headers={"location": "http://evil.test/"}), headers={"a": "b"})
        with self.assertRaises(BoxError) as raised:
            await box.send(1)
        self.assertIn("redirects are not followed", raised.exception.detail)
        self.assertEqual(len(fake.requests), 1)
        with self.assertRaises(ValueError):
            Box.open(LINK, headers={"a": "b"})
        with self.assertRaises(ValueError):
            Box.open(LINK, headers={"a": "b"}, server="http://other.test")
        Box.open(LINK, headers={"a": "b"}, server="HTTP://BOX.test:80/")


class AddressTest(unittest.TestCase):
    def test_a_link_is_a_server_and_an_id(self) -> None:
        self.assertEqual(Box.open(f"https://Box.test/a/b/boxes/{ID}?x#y").link, f"https://box.test/a/b/boxes/{ID}")
        self.assertEqual(Box.open(ID, server="http://[::1]:8080//").link, f"http://[::1]:8080/boxes/{ID}")

    def test_an_invalid_link_is_refused_and_the_message_does_not_repeat_it(self) -> None:
        for link in (ID, f"/boxes/{ID}", f"ftp://x/boxes/{ID}", f"http://x/boxes/{ID}/", f"http://x/boxes/{ID}x", f"http://x/{ID}", ""):
            with self.assertRaises(ValueError) as raised:
                Box.open(link)
            self.assertNotIn(ID, str(raised.exception))


class StreamTest(unittest.IsolatedAsyncioTestCase):
    async def test_a_stream_that_falls_silent_is_reopened_after_the_last_message(self) -> None:
        async def one(after: int) -> AsyncIterator[bytes]:
            yield b": open\n\n"
            yield event(after + 1, after + 1)
            await asyncio.Event().wait()

        box, fake = fake_box(
            lambda r: stream(one(int(r.url.params["after"]))) if r.method == "GET" else ack(), stream_idle_timeout=0.02
        )
        taken = []
        async for message in box:
            taken.append(message)
            if message == 4:
                break
        self.assertEqual(taken, [1, 2, 3, 4])

    async def test_comments_keep_a_quiet_stream_open_and_a_slow_consumer_does_not_end_it(self) -> None:
        async def quiet() -> AsyncIterator[bytes]:
            for _ in range(10):
                await asyncio.sleep(0.02)
                yield b": still here\n\n"
            yield event(1, 1) + event(2, 2)
            yield event(3, 3)

        box, fake = fake_box(lambda r: stream(quiet()) if r.method == "GET" else ack(), stream_idle_timeout=0.1)
        async for message in box:
            await asyncio.sleep(0.15)
            if message == 3:
                break
        self.assertEqual(len([request for request in fake.requests if request.method == "GET"]), 1)

    async def test_tasks_that_ask_one_iterator_at_once_get_one_message_each_in_order(self) -> None:
        async def slowly() -> AsyncIterator[bytes]:
            for seq in range(1, 7):
                await asyncio.sleep(0.001)
                yield event(seq, seq)
            await asyncio.Event().wait()

        box, _ = fake_box(lambda r: stream(slowly()) if r.method == "GET" else ack())
        messages = box.messages()
        found = await asyncio.gather(*(anext(messages) for _ in range(6)))
        self.assertEqual([message.seq for message in found], [1, 2, 3, 4, 5, 6])
        await box.aclose()

    async def test_leaving_the_loop_closes_the_stream(self) -> None:
        async def endless() -> AsyncIterator[bytes]:
            yield event(1, 1)
            await asyncio.Event().wait()

        body = Stream(endless())
        box, _ = fake_box(lambda _: stream(body))
        async for _ in box:
            break
        await box._loops_ended()
        self.assertTrue(body.closed)

    async def test_an_event_with_a_number_that_is_none_leads_to_long_polls(self) -> None:
        async def odd() -> AsyncIterator[bytes]:
            yield b'id: 1.5\ndata: "odd"\n\n'

        def handler(request: httpx.Request) -> httpx.Response:
            if request.headers["accept"] == "text/event-stream":
                return stream(odd())
            return httpx.Response(200, json={"type": "msgs", "data": ["polled"], "next": 1})

        box, _ = fake_box(handler)
        self.assertEqual(await anext(aiter(box)), "polled")

    async def test_an_integer_of_any_length_can_be_read(self) -> None:
        async def huge() -> AsyncIterator[bytes]:
            yield b"id: 1\ndata: [" + b"9" * 5000 + b", 12]\n\n"

        box, _ = fake_box(lambda _: stream(huge()))
        self.assertEqual(await anext(aiter(box)), [float("inf"), 12])

    async def test_messages_of_any_depth_are_read_whichever_way_they_come(self) -> None:
        deep = b"[" * 100_000 + b"]" * 100_000

        async def in_one_chunk() -> AsyncIterator[bytes]:
            yield event(1, "one") + b"id: 2\ndata: " + deep + b"\n\n" + event(3, "three")

        def handler(request: httpx.Request) -> httpx.Response:
            if request.headers["accept"] == "text/event-stream":
                return stream(in_one_chunk())
            return httpx.Response(200, content=b'{"type":"msgs","data":["one",' + deep + b',"three"],"next":3}')

        box, _ = fake_box(handler)
        messages = box.messages()
        looped = [(await anext(messages)).data for _ in range(3)]
        for values in [looped, *([message.data for message in page.messages] for page in (await box.read(), await box.drain()))]:
            self.assertEqual([depth(value) for value in values], [0, 100_000, 0])

    async def test_a_message_nested_too_deeply_to_be_sent_is_refused(self) -> None:
        box, fake = fake_box(lambda _: ack())
        deep: list[object] = []
        for _ in range(100_000):
            deep = [deep]
        with self.assertRaises(ValueError):
            await box.send(deep)
        self.assertEqual(fake.requests, [])
