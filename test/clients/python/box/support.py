"""What the tests of Box share: a real server, and servers that misbehave."""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx

from signalbox_client import Box
from signalbox_client._address import parse_address
from signalbox_client._http import MAX_RESPONSE_BYTES, Connection, Headers
from signalbox_client._retry import Timings

URL = os.environ["SIGNALBOX_URL"]

QUICK = Timings(min_delay=0.001, max_delay=0.008, acknowledge_interval=0.001)
"""Waits that are short enough for a thousand failures."""

ID = "box_" + "A" * 32
LINK = f"http://box.test/boxes/{ID}"

Handler = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


class Fake(httpx.AsyncBaseTransport):
    """A server that answers as the function says, and keeps the requests."""

    def __init__(self, handler: Handler):
        self.requests: list[httpx.Request] = []
        self._handler = handler

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        response = self._handler(request)
        if not isinstance(response, httpx.Response):
            response = await response
        if not response.is_closed:
            return response
        # What httpx made from a value counts as read. The same response may also come again.
        return httpx.Response(response.status_code, headers=response.headers, stream=httpx.ByteStream(response.content))


def fake_box(
    handler: Handler, *, headers: Headers | None = None, max_response_bytes: int = MAX_RESPONSE_BYTES, **timings: Any
) -> tuple[Box, Fake]:
    """A box on a server that answers as the function says."""
    fake = Fake(handler)
    connection = Connection("http://box.test", headers=headers, transport=fake, max_response_bytes=max_response_bytes)
    return Box(parse_address(LINK), connection, replace(QUICK, **timings)), fake


def quick_box(link: str, **timings: Any) -> Box:
    """A box on a real server, whose waits are short."""
    address = parse_address(link)
    connection = Connection(address.server, headers=None, transport=None, max_response_bytes=MAX_RESPONSE_BYTES)
    return Box(address, connection, replace(QUICK, **timings))


def ack(seq: int = 1, count: int = 1) -> httpx.Response:
    return httpx.Response(200, json={"type": "ack", "data": count, "seq": seq})


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    body = {"type": "/problems/x", "title": "X", "status": status, "detail": "Do this.", "code": code}
    return httpx.Response(status, content=json.dumps(body), headers={"content-type": "application/problem+json", **headers})


class Stream(httpx.AsyncByteStream):
    def __init__(self, chunks: AsyncIterator[bytes]):
        self._chunks = chunks
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            yield chunk

    async def aclose(self) -> None:
        self.closed = True


def stream(chunks: AsyncIterator[bytes] | Stream) -> httpx.Response:
    body = chunks if isinstance(chunks, Stream) else Stream(chunks)
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=body)


def event(seq: int, data: object) -> bytes:
    return f"id: {seq}\ndata: {json.dumps(data)}\n\n".encode()
