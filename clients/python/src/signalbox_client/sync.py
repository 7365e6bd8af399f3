"""``Box`` without asyncio: the same promises, in calls that block.

The work is done by one background thread for all boxes. A box can be used by several threads.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, Generic, Self, TypeVar

import httpx

from . import _box, _messages
from ._box import Sent
from ._follow import Message, Page
from ._http import MAX_RESPONSE_BYTES, Headers
from ._portal import run

__all__ = ["Box", "Messages"]

T = TypeVar("T")


class Messages(Iterator[T], Generic[T]):
    """An iterator over the messages of a box; see ``Box.messages``.

    It ends when the ``for`` over it is left. To wait for that end, and for the last acknowledgement, use it as a context
    manager, or close the box.
    """

    def __init__(self, messages: _messages.Messages[T], timeout: float | None):
        self._messages = messages
        self._timeout = timeout

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        try:
            return run(self._next(), self._timeout)
        except StopAsyncIteration:
            raise StopIteration from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the loop. Messages that were handled are acknowledged; the one at which it was left is not."""
        run(self._messages.aclose())

    async def _next(self) -> T:
        return await anext(self._messages)


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
    Each takes a ``timeout`` in seconds, after which it raises a ``TimeoutError``; the server may still have carried it out.

    Use it as a context manager, or call ``close``.
    """

    def __init__(self, box: _box.Box):
        """Internal: use ``Box.create`` or ``Box.open``."""
        self._box = box

    @classmethod
    def create(
        cls,
        server: str,
        *,
        ttl: int | None = None,
        headers: Headers | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        timeout: float | None = None,
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
        created = _box.Box.create(
            server,
            ttl=ttl,
            headers=_in_thread(headers),
            transport=transport,
            max_response_bytes=max_response_bytes,
        )
        return cls(run(created, timeout))

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
        return cls(
            _box.Box.open(
                link,
                server=server,
                headers=_in_thread(headers),
                transport=transport,
                max_response_bytes=max_response_bytes,
            )
        )

    @property
    def link(self) -> str:
        """The link that opens this box again with the same rights.

        Keep it secret if you own the box: it then contains the box id.
        """
        return self._box.link

    @property
    def drop_link(self) -> str:
        """The link to give to the other side. It contains the drop address, so its holder can only send."""
        return self._box.drop_link

    def send(self, message: Any, *, timeout: float | None = None) -> Sent:
        """Store a message: any JSON value.

        Messages arrive in the order of the calls, and once each, however often a request is retried: every message
        carries an Idempotency-Key.

        Raises:
            TypeError: if the message is not a JSON value
            ValueError: if it contains a number that JSON lacks, or itself
            BoxError: if the server refuses, for example with ``BOX_ERR_FULL`` or ``BOX_ERR_TOO_LARGE``
        """
        return run(self._box.send(message), timeout)

    def __iter__(self) -> Messages[Any]:
        """The messages' data, one at a time: ``for message in box``. See ``messages``."""
        return Messages(aiter(self._box), None)

    def messages(self, *, after: int | None = None, timeout: float | None = None) -> Messages[Message]:
        """The messages with their sequence numbers, one at a time, in order and once each, across disconnections.

        Asking for the next message acknowledges the previous one, and the server forgets it. If the loop is left by
        ``break``, ``return`` or an exception, its last message may not have been handled: it is not acknowledged, and a
        later loop delivers it again. If you have handled it, call ``box.acknowledge(seq)`` before you leave.

        Only one loop can run at a time on this object; another one raises a ``RuntimeError``, unless a timeout
        ended the wait of the first. The next one continues after the last message that an earlier one acknowledged.
        Several objects can read the same box, but what one acknowledges is gone for all.

        The loop ends when the box is closed, for example by another thread. It raises a ``BoxError`` if the box is gone
        or the cursor is ahead of it, or a ``ResponseTooLargeError``.

        The loop first acknowledges everything up to ``after``, the cursor that it starts after: by default, what this
        object has handled. To look at later messages without deleting the earlier ones, use ``read``.

        Args:
            after: a cursor; the messages up to it count as handled
            timeout: how long to wait for each message, in seconds. After a ``TimeoutError``, ``next`` may be called again.
        """
        return Messages(self._box.messages(after=after), timeout)

    def read(self, *, after: int = 0, limit: int = 100, wait: int = 0, timeout: float | None = None) -> Page:
        """Read messages without acknowledging them: by default the first 100, without waiting.

        Args:
            after: the cursor to start after
            limit: how many messages at most: 1 to 1,000
            wait: how long the server may wait for a message if there is none, in seconds: 0 to 60
        """
        return run(self._box.read(after=after, limit=limit, wait=wait), timeout)

    def acknowledge(self, cursor: int, *, timeout: float | None = None) -> int:
        """Delete the messages up to and including the cursor. A loop over the box does this itself.

        Returns:
            the number of messages left

        Raises:
            BoxError: with ``BOX_ERR_CURSOR`` if the cursor is ahead of the box
        """
        return run(self._box.acknowledge(cursor), timeout)

    def drain(self, *, timeout: float | None = None) -> Page:
        """Take all messages out of the box, in one step.

        If the response is lost, so are its messages. Therefore this is retried only if nothing can have been taken; an
        ``UnreachableError`` or a ``TimeoutError`` means that messages may be lost. To lose none, read and acknowledge
        instead.
        """
        return run(self._box.drain(), timeout)

    def delete(self, *, timeout: float | None = None) -> None:
        """Close this object and delete the box with its messages.

        Succeeds if the box is already gone. Also works after ``close``.
        """
        run(self._box.delete(), timeout)

    def close(self) -> None:
        """Stop everything this object does: loops end, and pending calls raise a ``BoxClosedError``.

        The box stays, and whoever opens it next reads what was not acknowledged. Can be called again.
        """
        run(self._box.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _in_thread(headers: Headers | None) -> Headers | None:
    """A function for headers may block, which must not hold up other boxes."""
    if not callable(headers):
        return headers

    async def given() -> Any:
        found = await asyncio.to_thread(headers)
        return await found if asyncio.iscoroutine(found) else found

    return given
