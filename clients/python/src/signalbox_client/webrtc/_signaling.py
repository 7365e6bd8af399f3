"""Values over two routes: the boxes, and the control channel once there is one; see docs/call-protocol.md."""

from collections import deque
from collections.abc import Callable
from typing import Any

from ._channel import MAX_VALUE, Channel
from ._control import Control
from ._errors import CallError, code_to_tell
from ._sealing import to_json

_MAX_UNSEEN = 256
_MAX_UNSEEN_BYTES = 1024 * 1024
_LARGEST = 2**53 - 1


class Signaling:
    """One sequence of values in each direction, without gaps, whichever route delivers a value first."""

    def __init__(
        self,
        channel: Channel,
        control: Control,
        *,
        on_value: Callable[[dict[str, Any], int], None],
        on_end: Callable[[CallError | None], None],
    ):
        self._channel = channel
        self._control = control
        self._on_value = on_value
        self._on_end = on_end
        self._sent = 0
        self._received = 0
        self._seen = 0
        self._unseen: deque[tuple[int, dict[str, Any], int]] | None = deque()
        self._unseen_size = 0
        self._other_sees = False
        self._has_path = False
        self._through_control = False
        # The highest number that was sent on each route.
        self._over_boxes = 0
        self._over_control = 0

    def send(self, value: dict[str, Any]) -> None:
        """Send a value. Raises a ``CallError`` if it is too large, or too many wait to be seen."""
        self._sent += 1
        numbered = {**value, "seq": self._sent}
        size = len(to_json({"type": "signal", **numbered}))
        if size > MAX_VALUE:
            raise CallError("CALL_ERR_TOO_LARGE")
        if self._unseen is not None:
            self._unseen.append((self._sent, numbered, size))
            self._unseen_size += size
            if len(self._unseen) > _MAX_UNSEEN or self._unseen_size > _MAX_UNSEEN_BYTES:
                if self._other_sees:
                    raise CallError("CALL_ERR_FULL")
                # The other side shows no sign of a control channel, so all goes through the boxes.
                self._unseen = None
        if self._unseen is None:
            self._channel.send(numbered)
        else:
            self._flush()

    def start(self) -> None:
        """The connection is up."""
        self._has_path = True
        self._say_seen()
        self._control.start()
        self._switch()

    def path_changed(self, has_path: bool) -> None:
        self._has_path = has_path
        self._switch()

    def receive(self, value: dict[str, Any], size: int) -> None:
        """A value from the boxes."""
        if "seq" in value:
            self._take(value, size)
        else:
            self._on_value(value, size)

    def receive_control(self, message: dict[str, Any], size: int) -> None:
        """A message from the control channel."""
        match message["type"]:
            case "seen":
                self._take_seen(message.get("seq"))
            case "signal":
                if "seq" not in message:
                    raise CallError("CALL_ERR_FORMAT")
                self._take(message, size)
                self._say_seen()
            case "end":
                self._on_end(CallError(code_to_tell(message["ended"])) if "ended" in message else None)

    def _take(self, value: dict[str, Any], size: int) -> None:
        seq = value["seq"]
        if type(seq) not in (int, float) or not 0 <= seq <= _LARGEST or seq != int(seq):
            raise CallError("CALL_ERR_FORMAT")
        if seq > self._received + 1:
            raise CallError("CALL_ERR_ORDER")
        if seq == self._received + 1:
            self._received += 1
            self._on_value(value, size)

    def _take_seen(self, seq: Any) -> None:
        if type(seq) not in (int, float) or not 0 <= seq <= self._sent or seq != int(seq):
            raise CallError("CALL_ERR_FORMAT")
        self._other_sees = True
        self._seen = max(self._seen, int(seq))
        while self._unseen and self._unseen[0][0] <= self._seen:
            self._unseen_size -= self._unseen.popleft()[2]
        self._switch()

    def _say_seen(self) -> None:
        if self._control.is_open:
            self._control.send({"type": "seen", "seq": self._received})

    def _switch(self) -> None:
        # Without a list of what is unseen, the other side could not be brought up to date on the other route.
        self._through_control = self._other_sees and self._has_path and self._control.is_open and self._unseen is not None
        self._flush()

    def _flush(self) -> None:
        """Send on the current route, in order, whatever has not been sent there yet and has not been seen."""
        for seq, value, _ in list(self._unseen or ()):
            if self._through_control and seq > self._over_control:
                self._over_control = seq
                self._control.send({"type": "signal", **value})
            elif not self._through_control and seq > self._over_boxes:
                self._over_boxes = seq
                self._channel.send(value)
