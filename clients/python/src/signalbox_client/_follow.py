"""Reading a box without end."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from ._events import Event, EventParser
from ._http import Connection, parse_json
from ._retry import Timings, backoff_delay, in_time, is_transient
from ._shapes import is_count, is_msgs
from .errors import UnreachableError


@dataclass(frozen=True, slots=True)
class Message:
    """A message and its sequence number."""

    seq: int
    """the sequence number: 1, 2, 3 … per box"""
    data: Any
    """the JSON value that was sent"""


@dataclass(frozen=True, slots=True)
class Page:
    """Consecutive messages, and the cursor after them."""

    messages: list[Message]
    next: int
    """the sequence number of the last message; without messages, the requested cursor"""


@dataclass(frozen=True)
class Source:
    """A box on its server."""

    connection: Connection
    path: str = field(repr=False)  # contains the box id
    timings: Timings


class _NoStreamError(Exception):
    """The stream does not get through on this path; a long-poll may."""


def page_of(answer: Any) -> Page:
    # Messages leave a box only from its front, so the sequence numbers within a page have no gap.
    data, next = answer["data"], answer["next"]
    return Page([Message(next - len(data) + 1 + i, value) for i, value in enumerate(data)], next)


async def read_page(source: Source, *, after: int, limit: int, wait: int) -> Page:
    query = {"after": after, "limit": limit, "wait": wait}
    return page_of(await source.connection.request("GET", f"{source.path}/messages", is_msgs, params=query))


async def follow(source: Source, after: int) -> AsyncGenerator[list[Message], None]:
    """The messages after a cursor, in batches as they arrive, in order and once each, without end.

    They come over the stream, or for a while by long-poll if the stream is refused or buffered. After a disconnection,
    a silent connection or a transient error, reading resumes after the last message delivered. Raises if the server
    says that there is no point in retrying (the box is gone, or the cursor is ahead of it), or sends too much at once.
    """
    cursor = after
    failures = 0
    way = _stream
    while True:
        began = monotonic()
        cause: Exception | None = None
        try:
            async with aclosing(way(source, cursor)) as batches:
                async for batch in batches:
                    fresh: list[Message] = []
                    for message in batch:
                        if message.seq > cursor:
                            cursor = message.seq
                            fresh.append(message)
                    if fresh:
                        failures = 0
                        yield fresh
            way = _stream
        except _NoStreamError:
            way = _poll
            continue
        except Exception as error:
            if not is_transient(error):
                raise
            # Conditions may have changed (another network, a restarted server), so try the stream again.
            way = _stream
            cause = error
        if monotonic() - began > source.timings.max_delay:
            failures = 0
        failures += 1
        await asyncio.sleep(backoff_delay(failures, cause, source.timings))


async def _stream(source: Source, after: int) -> AsyncGenerator[list[Message], None]:
    connection, timings = source.connection, source.timings
    opening = connection.open(
        "GET", f"{source.path}/messages", params={"after": after}, headers={"accept": "text/event-stream"}
    )
    until = monotonic() + timings.stream_open_timeout
    async with AsyncExitStack() as resources:
        try:
            async with asyncio.timeout(timings.stream_open_timeout):
                response = await resources.enter_async_context(opening)
        except TimeoutError:
            raise _NoStreamError from None
        if response.status_code == 406:
            raise _NoStreamError
        if not response.is_success:
            raise await in_time(connection.refusal(response), timings.response_timeout)
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            raise _NoStreamError
        parser = EventParser(connection.max_response_bytes)
        chunks = response.aiter_raw()
        opened = False
        while True:
            # Only while waiting: if the consumer is busy, the silence is ours.
            patience = timings.stream_idle_timeout if opened else until - monotonic()
            try:
                async with asyncio.timeout(patience):
                    chunk = await anext(chunks, None)
            except TimeoutError:
                # Silent from the start: a proxy is buffering it. Silent later: the connection is dead, because the
                # machine slept or the network changed.
                raise UnreachableError("The stream fell silent") if opened else _NoStreamError from None
            if chunk is None:
                return
            opened = True
            # ``gone`` needs no handling: the stream ends, and the next request is refused with the reason.
            batch: list[Message] = []
            for event in parser.push(chunk):
                if event.type == "message":
                    batch.append(_message_of(event))
            if batch:
                yield batch


def _message_of(event: Event) -> Message:
    if not (event.id.isascii() and event.id.isdigit() and len(event.id) < 17):
        raise _NoStreamError
    seq = int(event.id)
    if seq == 0 or not is_count(seq):
        raise _NoStreamError
    return Message(seq, parse_json(event.data))


async def _poll(source: Source, after: int) -> AsyncGenerator[list[Message], None]:
    """Ends after a while, because the next network may let streams through."""
    timings = source.timings
    until = monotonic() + timings.long_poll_period
    cursor = after
    while monotonic() < until:
        began = monotonic()
        page = await in_time(
            read_page(source, after=cursor, limit=100, wait=timings.long_poll_wait),
            timings.response_timeout + timings.long_poll_wait,
        )
        cursor = page.next
        if page.messages:
            yield page.messages
        elif monotonic() - began < timings.min_poll_interval:
            await asyncio.sleep(timings.min_poll_interval)
