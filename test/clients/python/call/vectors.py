"""The test vectors of the call protocol, and the side of a conversation that they are played to."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from aiortc import RTCDataChannel

from signalbox_client.webrtc import CallError, Peer
from signalbox_client.webrtc._control import Control
from signalbox_client.webrtc._conversation import Conversation
from signalbox_client.webrtc._sealing import Key, Session, from_base64url, new_nonce, parse_message
from signalbox_client.webrtc._signaling import Signaling
from signalbox_client.webrtc._timings import DEFAULT_TIMINGS

VECTORS = json.loads((Path(__file__).parents[4] / "test" / "webrtc" / "call-vectors.json").read_text())


def text_of(text: Any) -> str:
    """A text, or a list of texts, each with how often it is repeated."""
    return text if isinstance(text, str) else "".join(part * times for part, times in text)


def data(text: str) -> bytes:
    found = from_base64url(text)
    assert found is not None
    return found


class FakeDataChannel:
    """An open data channel to nobody."""

    readyState = "open"

    def __init__(self) -> None:
        self.sent: list[str] = []

    def on(self, event: str, listener: Callable[[str], None]) -> None:
        self.say = listener

    def send(self, text: str) -> None:
        self.sent.append(text)


class Side:
    """One side of a conversation, on both routes."""

    def __init__(self, session: Session, *, connected: bool):
        self.heard: list[Any] = []
        self.stored: list[Any] = []
        self.conversation = Conversation(session, self._store, DEFAULT_TIMINGS)
        self.boxes = self.conversation._channel
        self.channel = FakeDataChannel()
        self.control = Control(
            cast(RTCDataChannel, self.channel), on_message=self.conversation._receive_control, fail=self.conversation.end
        )
        self.signaling = Signaling(
            self.boxes,
            self.control,
            on_value=lambda value, _: self.heard.append(value),
            on_end=self.conversation._hear_control_end,
        )
        self.conversation._signaling = self.signaling
        self.conversation._control = self.control
        if connected:
            self.connect()

    def connect(self) -> None:
        self.conversation.peer = cast(Peer, object())
        self.signaling.start()

    async def _store(self, message: Any) -> None:
        self.stored.append(message)

    @property
    def ended(self) -> bool:
        return self.conversation._ended.done()

    @property
    def reported(self) -> str | None:
        error, _ = self.conversation._ended.result()
        return None if error is None else error.code


class TwoRoutes(Side):
    """A guest, and a host that says whatever it likes."""

    def __init__(self, *, connected: bool = True):
        key = Key(bytes(32), "drop_host")
        nonces = {"guest_nonce": new_nonce(), "host_nonce": new_nonce()}
        self.host = Session(key, "host", guest_drop="drop_guest", **nonces)
        super().__init__(Session(key, "guest", guest_drop="drop_guest", **nonces), connected=connected)

    def say(self, over: str, text: str) -> None:
        if over == "connection":
            self.channel.say(text)
        else:
            self.conversation.receive(parse_message(self.host.seal(text.encode())))

    async def told(self, error: CallError | None = None) -> list[Any]:
        """Everything that this side stores, to its end."""
        self.boxes.finish(error)
        await self.boxes.run()
        return [self.host.open(parse_message(message)) for message in self.stored]
