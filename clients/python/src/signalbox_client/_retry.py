"""When to ask again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import count
from math import inf
from typing import TypeVar

from .errors import BoxError, UnreachableError

T = TypeVar("T")


@dataclass(frozen=True)
class Timings:
    """The client's waits and timeouts, in seconds, and its number of attempts."""

    min_delay: float = 0.25
    """the wait before the first retry; doubles with every further failure"""
    max_delay: float = 15
    """the longest wait between retries"""
    max_attempts: int = 10
    """attempts per request; following a box never gives up"""
    max_retry_after: float = inf
    """the longest ``Retry-After`` that is waited for; with a longer one, the refusal is final"""
    response_timeout: float = 30
    """until a response is complete"""
    repeat_timeouts: bool = True
    """whether a request is sent again that got no response in time"""
    stream_open_timeout: float = 3
    """how long a new stream may stay silent. A server writes at once, so silence means that a proxy is buffering"""
    stream_idle_timeout: float = 45
    """how long an open stream may stay silent. The server writes every 15 s, so silence means a dead connection"""
    long_poll_wait: int = 25
    """the ``wait`` of a long-poll"""
    long_poll_period: float = 300
    """how long to use long-polls before trying the stream again"""
    min_poll_interval: float = 1
    """the shortest time between two long-polls that find nothing, in case the server does not wait"""
    acknowledge_interval: float = 0.25
    """the shortest time between two acknowledgements, so that not every message costs a request"""
    flush_timeout: float = 5
    """how long a loop waits for its last acknowledgement when it ends"""


DEFAULT_TIMINGS = Timings()

CREATE_TIMINGS = replace(DEFAULT_TIMINGS, max_attempts=5, max_retry_after=5, response_timeout=10, repeat_timeouts=False)
"""Nobody has a box yet: whoever creates one would rather know at once that the URL is wrong."""


def is_transient(error: Exception) -> bool:
    """Whether the same request may succeed later: there was no response, half of one, or one that says so."""
    if isinstance(error, BoxError):
        return error.status >= 500 or error.status in (408, 429)
    return isinstance(error, UnreachableError)


def _asked_by(error: Exception | None) -> float:
    return error.retry_after if isinstance(error, BoxError) else 0


def backoff_delay(failures: int, error: Exception | None, timings: Timings) -> float:
    """How long to wait after ``failures`` failures in a row, the last of them ``error``.

    Exponential backoff with jitter, so that clients disconnected together do not all return together, added to the
    server's Retry-After.
    """
    # Following a box never gives up, and 2.0 ** 1024 is an OverflowError.
    backoff = min(timings.min_delay * 2.0 ** min(failures - 1, 64), timings.max_delay)
    return _asked_by(error) + backoff * (0.5 + random.random() / 2)


async def retry(
    timings: Timings,
    request: Callable[[], Awaitable[T]],
    *,
    timeout: float | None = None,
    may_repeat: Callable[[Exception], bool] = is_transient,
) -> T:
    """Send a request until there is a final response or the attempts are used up."""
    for failures in count(1):
        try:
            return await in_time(request(), timings.response_timeout if timeout is None else timeout)
        except Exception as error:
            if failures >= timings.max_attempts or not may_repeat(error) or _asked_by(error) > timings.max_retry_after:
                raise
            if not timings.repeat_timeouts and isinstance(error.__cause__, TimeoutError):
                raise
            delay = backoff_delay(failures, error, timings)
        await asyncio.sleep(delay)
    raise AssertionError("unreachable")


async def in_time(work: Awaitable[T], seconds: float) -> T:
    """The result of the work, unless it takes longer."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError as error:
        raise UnreachableError(f"The server did not respond within {seconds:g} s") from error
