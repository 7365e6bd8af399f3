"""The time limits of the call protocol, by its test vectors; see docs/call-protocol.md."""

import asyncio
import unittest
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from pyee.base import EventEmitter

from signalbox_client.webrtc import _conversation
from signalbox_client.webrtc._conversation import Conversation
from signalbox_client.webrtc._sealing import Key, Session, new_nonce, parse_message
from signalbox_client.webrtc._timings import DEFAULT_TIMINGS
from vectors import VECTORS, FakeDataChannel

STATES = {"connected", "disconnected", "failed"}
"""aiortc cannot restart ICE: there is nothing to wait for once a path is lost."""
VECTORS_HERE = [vector for vector in VECTORS["limits"] if not any(step["event"] in STATES for step in vector["steps"])]


class FastLoop(asyncio.SelectorEventLoop):
    """Its time passes at once if there is nothing to do."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        select = self._selector.select  # type: ignore[attr-defined]

        def skip(timeout: float | None) -> Any:
            events = select(0)
            if not events:
                self._now += timeout or 0
            return events

        self._selector.select = skip  # type: ignore[attr-defined]

    def time(self) -> float:
        return self._now


class FakeConnection(EventEmitter):
    """A connection that is never made."""

    sctp = SimpleNamespace(
        _advertised_rwnd=0,
        _receive_data_chunk=None,
        _receive=None,
        _get_inbound_stream=None,
        _inbound_streams={},
        _data_channels={},
    )

    async def close(self) -> None:
        pass


class FakeNegotiation:
    """Describes nothing: the test says when something is described."""

    def __init__(self, *_: Any) -> None:
        self.described, self.stopped = asyncio.Event(), asyncio.Event()
        self.stop = self.stopped.set

    async def run(self) -> None:
        await self.stopped.wait()

    def start(self) -> None:
        pass

    def receive(self, value: Any, size: int) -> None:
        pass


class Side:
    """One side of a conversation, to which what a test says happens."""

    def __init__(self, role: Any, turn: bool):
        key = Key(bytes(32), "drop_host")
        nonces = {"guest_nonce": new_nonce(), "host_nonce": new_nonce()}
        self.other = Session(key, "guest" if role == "host" else "host", guest_drop="drop_guest", **nonces)
        self.channel, self.control = EventEmitter(), FakeDataChannel()
        self.conversation = Conversation(Session(key, role, guest_drop="drop_guest", **nonces), self._store, DEFAULT_TIMINGS)
        self._prepared: Any = SimpleNamespace(connection=FakeConnection(), channel=self.channel, control=self.control, turn=turn)
        self._prepared.channel.readyState = "connecting"
        self.run = asyncio.create_task(self.conversation.run(self._prepare, lambda *_: SimpleNamespace(_end=lambda _: None)))  # type: ignore[arg-type, return-value]

    async def _store(self, message: Any) -> None:
        pass

    async def _prepare(self) -> Any:
        return self._prepared, SimpleNamespace(code="123456", other_fingerprint=None)

    def happen(self, event: str) -> None:
        match event:
            case "value":
                self.conversation.receive(parse_message(self.other.seal(b"[{}]")))
            case "description":
                self.conversation._negotiation.described.set()  # type: ignore[union-attr]
            case "open":
                self.channel.emit("open")
            case "closed":
                self.channel.emit("close")
            case "end":
                self.control.say('{"type":"end"}')


class TimingsTest(unittest.TestCase):
    async def play(self, vector: Any) -> None:
        side = Side(vector["role"], vector.get("turn", False))
        ended = side.conversation._ended
        for step in vector["steps"]:
            await asyncio.sleep(step["at"] / 1_000 - asyncio.get_running_loop().time())
            self.assertFalse(ended.done(), step)
            side.happen(step["event"])
        if "ends" not in vector:
            await asyncio.sleep(3_600)
            self.assertFalse(ended.done())
            side.conversation.end(None)
        await side.conversation.wait_ended()
        if "ends" in vector:
            error, _ = ended.result()
            self.assertEqual(None if error is None else error.code, vector["ends"]["code"])
            self.assertAlmostEqual(asyncio.get_running_loop().time(), vector["ends"]["at"] / 1_000)
        await side.run

    def test_time_limits(self) -> None:
        self.assertGreaterEqual(len(VECTORS_HERE), 16)
        for vector in VECTORS_HERE:
            with self.subTest(vector["why"], role=vector["role"]), patch.object(_conversation, "Negotiation", FakeNegotiation):
                with asyncio.Runner(loop_factory=FastLoop) as runner:
                    runner.run(self.play(vector))


if __name__ == "__main__":
    unittest.main()
