"""How many guests may try to join; see "The odds" in docs/sealing.md."""

import asyncio
from collections.abc import Callable
from time import monotonic

from ._errors import CallError

_MAX_FAILED = 8
COMPARED = 1 / 16
"""What an attempt counts whose code could be compared."""


class Attempts:
    """Counts the attempts that failed, and lets as many begin as may fail."""

    def __init__(self, forget: float, *, enabled: bool, clock: Callable[[], float] = monotonic):
        self._forget = forget
        self._enabled = enabled
        self._clock = clock
        self._failed = 0.0
        self._since = 0.0
        self._under_way = 0
        self._changed = asyncio.Event()

    @property
    def failed(self) -> float:
        """The count, of which one is forgotten every ten minutes."""
        forgotten = int((self._clock() - self._since) / self._forget)
        if self._failed > 0 and forgotten > 0:
            self._failed = max(0.0, self._failed - forgotten)
            self._since += forgotten * self._forget
        return self._failed

    @property
    def may_lack_a_guest(self) -> bool:
        """Whether the host makes sure that a guest is still there before it sends its offer."""
        return self._enabled and (self.failed >= 1 or self._under_way > 0)

    def check(self) -> None:
        """Raise a ``CallError`` if the invite accepts no new guests for now."""
        if self._enabled and self.failed >= _MAX_FAILED:
            raise CallError("CALL_ERR_ATTEMPTS")

    def begin(self) -> bool:
        """Begin an attempt, if one may begin now. Raises a ``CallError`` if the invite accepts no new guests."""
        self.check()
        if self._enabled and self.failed + self._under_way >= _MAX_FAILED:
            return False
        self._under_way += 1
        return True

    def end(self, cost: float) -> None:
        """End an attempt, and count it."""
        self._under_way -= 1
        if cost > 0 and self._enabled:
            if self.failed == 0:
                self._since = self._clock()
            self._failed += cost
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait_changed(self) -> None:
        """Wait until an attempt has ended."""
        await self._changed.wait()
