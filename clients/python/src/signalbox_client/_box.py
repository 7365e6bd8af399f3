"""A box on a server."""

import asyncio
import secrets
import weakref
from dataclasses import dataclass
from typing import Any, Self

import httpx

from ._address import Address, base_url, drop_address_of, parse_address
from ._closing import Closing
from ._follow import Message, Page, Source, page_of, read_page
from ._http import MAX_RESPONSE_BYTES, Connection, Headers
from ._json import to_json
from ._messages import Loop, Messages
from ._retry import CREATE_TIMINGS, DEFAULT_TIMINGS, Timings, retry
from ._shapes import is_ack, is_created, is_cursor_ack, is_msgs, is_nothing
from .errors import BoxError, UnreachableError


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a message."""

    seq: int
    """its sequence number"""
    count: int
    """the number of messages now in the box"""


class Box:
    """A box on a server.

    With a box id you can read, acknowledge, send and delete; with a drop address you can only send. It retries
    transient failures and resumes after every disconnection. Messages arrive in order, and once each, except that the
    message at which a loop was left is delivered again.

    Methods raise a ``BoxError`` if the server refuses or its response is not what the contract promises, an
    ``UnreachableError`` if it cannot be reached, a ``ResponseTooLargeError`` if a response exceeds
    ``max_response_bytes``, and a ``BoxClosedError`` if the box was closed. A request is tried up to ten times. That takes
    about a minute if each attempt fails at once, and up to six minutes if the server does not respond: an attempt then lasts
    30 seconds.
    To limit how long a call takes, use ``asyncio.timeout``; the server may still have carried it out.

    Use it as a context manager, or call ``aclose``. It belongs to the event loop in which it is first used.
    """

    def __init__(self, address: Address, connection: Connection, timings: Timings = DEFAULT_TIMINGS):
        """Internal: use ``Box.create`` or ``Box.open``."""
        self._address = address
        self._source = Source(connection, address.path, timings)
        self._sending = asyncio.Lock()
        self._closing = Closing()
        self._position = 0
        self._acknowledged = 0
        """up to here, the server has deleted the messages"""
        self._reader: weakref.ref[Messages[Any]] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @classmethod
    async def create(
        cls,
        server: str,
        *,
        ttl: int | None = None,
        headers: Headers | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
    ) -> Self:
        """Create a box.

        If the server cannot be reached, this retries only four times, within about four seconds: long enough for the
        server to restart, and short enough to notice a wrong URL. If it does not respond, this gives up after ten seconds.

        Args:
            server: the base URL of the box routes, such as ``https://example.com/prefix``
            ttl: the idle lifetime in seconds; the server's default if absent
            headers: sent with every request, or a function that returns them; redirects are then refused
            transport: how requests are made, if not as httpx does by default; closed with the box
            max_response_bytes: the largest response body accepted, and the largest event of a stream

        Raises:
            ValueError: if the server is not an http or https URL
            BoxError: if the server refuses, for example with ``BOX_ERR_RATE`` or ``BOX_ERR_INVALID``
        """
        base = base_url(server)
        connection = Connection(base, headers=headers, transport=transport, max_response_bytes=max_response_bytes)
        body = None if ttl is None else {"ttl": ttl}
        try:
            created = await retry(CREATE_TIMINGS, lambda: connection.request("POST", "/boxes", is_created, body=body))
        except BaseException:
            await connection.aclose()
            raise
        return cls(Address(base, created["data"]), connection)

    @classmethod
    def open(
        cls,
        link: str,
        *,
        server: str | None = None,
        headers: Headers | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
    ) -> Self:
        """Open a box by its link, ``<server>/boxes/<id>``, or by its id and ``server``.

        Sends no request: the first use shows whether the box exists.

        With ``headers``, ``server`` is required, and a link to another server is refused: links come from other people
        and must not receive your credentials.

        Raises:
            ValueError: if the link is malformed or leads to another server
        """
        if headers is not None and server is None:
            raise ValueError("The option 'headers' requires the option 'server'")
        address = parse_address(link, server)
        connection = Connection(
            address.server, headers=headers, transport=transport, max_response_bytes=max_response_bytes
        )
        return cls(address, connection)

    @property
    def link(self) -> str:
        """The link that opens this box again with the same rights.

        Keep it secret if you own the box: it then contains the box id.
        """
        return self._address.link

    @property
    def drop_link(self) -> str:
        """The link to give to the other side. It contains the drop address, so its holder can only send."""
        return Address(self._address.server, drop_address_of(self._address.id)).link

    async def send(self, message: Any) -> Sent:
        """Store a message: any JSON value.

        Messages arrive in the order of the calls, and once each, however often a request is retried: every message
        carries an Idempotency-Key.

        Raises:
            TypeError: if the message is not a JSON value
            ValueError: if it contains a number that JSON lacks, or itself, or is nested too deeply to be sent
            BoxError: if the server refuses, for example with ``BOX_ERR_FULL`` or ``BOX_ERR_TOO_LARGE``
        """
        content = to_json(message)
        headers = {"idempotency-key": secrets.token_urlsafe(16)}
        path = f"{self._source.path}/messages"
        async with self._closing.guard(), self._sending:
            ack = await retry(
                self._source.timings,
                lambda: self._source.connection.request("POST", path, is_ack, content=content, headers=headers),
            )
        return Sent(ack["seq"], ack["data"])

    def __aiter__(self) -> Messages[Any]:
        """The messages' data, one at a time: ``async for message in box``. See ``messages``."""
        return Messages(self, None, lambda message: message.data)

    def messages(self, *, after: int | None = None) -> Messages[Message]:
        """The messages with their sequence numbers, one at a time, in order and once each, across disconnections.

        Asking for the next message acknowledges the previous one, and the server forgets it. If the loop is left by
        ``break``, ``return`` or an exception, its last message may not have been handled: it is not acknowledged, and a
        later loop delivers it again. If you have handled it, ``await box.acknowledge(seq)`` before you leave.

        Only one loop can run at a time on this object; another one raises a ``RuntimeError``, unless the wait of the
        first was cancelled, for example by a timeout. The next one continues after the last message that an earlier one
        acknowledged. Several objects can read the same box, but what one acknowledges is gone for all.

        The loop ends when the box is closed. It raises a ``BoxError`` if the box is gone or the cursor is ahead of it,
        or a ``ResponseTooLargeError``. After a timeout, ``anext`` may be called again.

        The loop first acknowledges everything up to ``after``, the cursor that it starts after: by default, what this
        object has handled. To look at later messages without deleting the earlier ones, use ``read``.

        Args:
            after: a cursor; the messages up to it count as handled
        """
        return Messages(self, after, lambda message: message)

    async def read(self, *, after: int = 0, limit: int = 100, wait: int = 0) -> Page:
        """Read messages without acknowledging them: by default the first 100, without waiting.

        Args:
            after: the cursor to start after
            limit: how many messages at most: 1 to 1,000
            wait: how long the server may wait for a message if there is none, in seconds: 0 to 60
        """
        async with self._closing.guard():
            return await retry(
                self._source.timings,
                lambda: read_page(self._source, after=after, limit=limit, wait=wait),
                timeout=self._source.timings.response_timeout + wait,
            )

    async def acknowledge(self, cursor: int) -> int:
        """Delete the messages up to and including the cursor. A loop over the box does this itself.

        Returns:
            the number of messages left

        Raises:
            BoxError: with ``BOX_ERR_CURSOR`` if the cursor is ahead of the box
        """
        async with self._closing.guard():
            return await self._put(cursor, self._source.timings)

    async def drain(self) -> Page:
        """Take all messages out of the box, in one step.

        If the response is lost, so are its messages. Therefore this is retried only if nothing can have been taken; an
        ``UnreachableError`` means that messages may be lost. To lose none, read and acknowledge instead.
        """
        path = f"{self._source.path}/messages"
        async with self._closing.guard():
            answer = await retry(
                self._source.timings,
                lambda: self._source.connection.request("DELETE", path, is_msgs),
                may_repeat=_took_nothing,
            )
        return page_of(answer)

    async def delete(self) -> None:
        """Close this object and delete the box with its messages.

        Succeeds if the box is already gone. Also works after ``aclose``.
        """
        try:
            await self._stop(flush=False)
            await retry(
                self._source.timings,
                lambda: self._source.connection.request("DELETE", self._source.path, is_nothing),
            )
        except BoxError as error:
            if error.status != 404:
                raise
        finally:
            await self._source.connection.aclose()

    async def aclose(self) -> None:
        """Stop everything this object does: loops end, and pending calls raise a ``BoxClosedError``.

        The box stays, and whoever opens it next reads what was not acknowledged. Can be called again.
        """
        try:
            await self._stop(flush=True)
        finally:
            await self._source.connection.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _put(self, cursor: int, timings: Timings) -> int:
        path = f"{self._source.path}/cursor"
        ack = await retry(
            timings,
            lambda: self._source.connection.request("PUT", path, is_cursor_ack, body={"after": cursor}),
        )
        self._acknowledged = max(self._acknowledged, cursor)
        count: int = ack["data"]
        return count

    def _claim(self, messages: Messages[Any], after: int | None) -> int:
        """Let a loop begin, if no other is running, and say where."""
        current = None if self._reader is None else self._reader()
        if current is not None and not current._ended:
            if not current._idle:
                raise RuntimeError("Another loop is already reading through this Box; end it first, or open the box again")
            current._leave(flush=True)
        self._reader = weakref.ref(messages)
        return self._position if after is None else after

    def _end(self, loop: Loop, *, flush: bool = True) -> None:
        task = asyncio.create_task(loop.aclose(flush=flush))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _loops_ended(self) -> None:
        if self._ending:
            await asyncio.wait(self._ending)

    async def _stop(self, *, flush: bool) -> None:
        """End all loops, and without a last acknowledgement if this is cancelled."""
        self._closing.close()
        current = None if self._reader is None else self._reader()
        try:
            if current is not None:
                await current._finish(flush=flush)
            await self._loops_ended()
        finally:
            for task in self._ending:
                task.cancel()


def _took_nothing(error: Exception) -> bool:
    if isinstance(error, BoxError):
        return error.status == 429 or error.code == "BOX_ERR_BUSY"
    return isinstance(error, UnreachableError) and isinstance(error.__cause__, (httpx.ConnectError, httpx.PoolTimeout))
