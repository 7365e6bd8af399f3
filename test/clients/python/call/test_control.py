"""The control channel, its two routes, and what else happens while a call is connected."""

import asyncio
import unittest
from typing import Any

from media import Picture, Sink, Tone

from signalbox_client import Box
from signalbox_client.webrtc import CallError, Peer
from signalbox_client.webrtc._conversation import Conversation
from signalbox_client.webrtc._sealing import to_base64url
from signalbox_client.webrtc._signaling import Signaling
from support import CallTest, until


class FakeControl:
    """A control channel that is open, and keeps what is sent."""

    is_open = True

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    def start(self) -> None:
        pass


class RoutesTest(unittest.TestCase):
    def setUp(self) -> None:
        self.boxes: list[dict[str, Any]] = []
        self.control = FakeControl()
        self.values: list[Any] = []
        self.ends: list[Any] = []

        class Boxes:
            send = self.boxes.append

        channel: Any = Boxes
        control: Any = self.control
        self.signaling = Signaling(
            channel, control, on_value=lambda value, size: self.values.append(value), on_end=self.ends.append
        )

    def numbers(self) -> tuple[list[int], list[int]]:
        """The values sent through the boxes, and over the control channel."""
        signals = [message["seq"] for message in self.control.sent if message["type"] == "signal"]
        return [value["seq"] for value in self.boxes], signals

    def test_values_go_through_the_boxes_until_the_other_side_has_a_control_channel(self) -> None:
        self.signaling.send({})
        self.signaling.start()
        self.signaling.send({})
        self.assertEqual(self.numbers(), ([1, 2], []))
        self.assertEqual(self.control.sent, [{"type": "seen", "seq": 0}])
        self.signaling.receive_control({"type": "seen", "seq": 1}, 1)
        # Repeated, in order, unless it has been seen.
        self.assertEqual(self.numbers(), ([1, 2], [2]))
        self.signaling.send({})
        self.assertEqual(self.numbers(), ([1, 2], [2, 3]))

    def test_values_go_back_to_the_boxes_while_there_is_no_path(self) -> None:
        self.signaling.start()
        self.signaling.receive_control({"type": "seen", "seq": 0}, 1)
        self.signaling.send({})
        self.signaling.send({})
        self.signaling.receive_control({"type": "seen", "seq": 1}, 1)
        self.signaling.path_changed(False)
        self.signaling.send({})
        self.assertEqual(self.numbers(), ([2, 3], [1, 2]))
        self.signaling.path_changed(True)
        self.assertEqual(self.numbers(), ([2, 3], [1, 2, 3]))

    def test_a_side_without_a_control_channel_gets_everything_through_the_boxes(self) -> None:
        self.signaling.start()
        for _ in range(300):
            self.signaling.send({})
        self.signaling.receive_control({"type": "seen", "seq": 300}, 1)
        self.signaling.send({})
        self.assertEqual(self.numbers(), (list(range(1, 302)), []))

    def test_a_side_that_sees_nothing_more_ends_the_call(self) -> None:
        self.signaling.start()
        self.signaling.receive_control({"type": "seen", "seq": 0}, 1)
        with self.assertRaises(CallError) as raised:
            for _ in range(257):
                self.signaling.send({})
        self.assertEqual(raised.exception.code, "CALL_ERR_FULL")

    def test_a_value_is_taken_once_from_either_route(self) -> None:
        self.signaling.start()
        self.signaling.receive({"seq": 1, "a": 1}, 1)
        self.signaling.receive_control({"type": "signal", "seq": 1, "a": 2}, 1)
        self.signaling.receive_control({"type": "signal", "seq": 2, "a": 3}, 1)
        self.signaling.receive({"seq": 2.0, "a": 4}, 1)
        self.signaling.receive({"a": 5}, 1)
        self.assertEqual([value["a"] for value in self.values], [1, 3, 5])
        self.assertEqual(self.control.sent[-1], {"type": "seen", "seq": 2})
        with self.assertRaises(CallError) as raised:
            self.signaling.receive({"seq": 4}, 1)
        self.assertEqual(raised.exception.code, "CALL_ERR_ORDER")

    def test_a_value_that_is_too_large_is_not_sent(self) -> None:
        with self.assertRaises(CallError) as raised:
            self.signaling.send({"x": "y" * 524_288})
        self.assertEqual(raised.exception.code, "CALL_ERR_TOO_LARGE")


class ControlTest(CallTest):
    def conversation(self, index: int) -> Conversation:
        [conversation] = self._opened[index]._conversations
        return conversation

    async def say(self, *texts: str | bytes) -> tuple[str | None, str | None]:
        """Let a guest send texts on its control channel, and return how it ends for the host and the guest."""
        guest, peer = await self.connect()
        await until(lambda: self.conversation(-2)._signaling._other_sees)  # type: ignore[union-attr]
        control = self.conversation(-1)._prepared.control  # type: ignore[union-attr]
        for text in texts:
            control.send(text)
        return await self.ended(guest), await self.ended(peer)

    async def test_what_is_refused_on_the_control_channel(self) -> None:
        piece = f'{{"type":"piece","piece":"{to_base64url(b"x" * 24_000)}","more":true}}'
        for code, texts in [
            ("CALL_ERR_FORMAT", ["{"]),
            ("CALL_ERR_FORMAT", ["[]"]),
            ("CALL_ERR_FORMAT", ['{"type":1}']),
            ("CALL_ERR_FORMAT", [b"{}"]),
            ("CALL_ERR_FORMAT", ['{"type":"signal"}']),
            ("CALL_ERR_FORMAT", ['{"type":"signal","seq":1.5}']),
            ("CALL_ERR_FORMAT", ['{"type":"seen","seq":2}']),
            ("CALL_ERR_FORMAT", ['{"type":"seen"}']),
            ("CALL_ERR_FORMAT", ['{"type":"seen","seq":-1}']),
            ("CALL_ERR_FORMAT", ['{"type":"piece","piece":"?","more":false}']),
            ("CALL_ERR_FORMAT", ['{"type":"piece","piece":"","more":1}']),
            ("CALL_ERR_FORMAT", [piece, '{"type":"seen","seq":0}']),
            ("CALL_ERR_ORDER", ['{"type":"signal","seq":9}']),
            ("CALL_ERR_TOO_LARGE", ['{"type":"x","x":"' + "y" * 65_536 + '"}']),
            ("CALL_ERR_TOO_LARGE", [piece] * 22),
            ("CALL_ERR_FULL", ['{"type":"x"}'] * 700),
            ("CALL_ERR_FINGERPRINT", ['{"type":"signal","seq":2,"description":{"type":"offer","sdp":"v=0"}}']),
        ]:
            with self.subTest(code=code, texts=[text[:80] for text in texts[:2]]):
                told = code if code in ("CALL_ERR_TOO_LARGE", "CALL_ERR_FULL") else "CALL_ERR_CLOSED"
                if code == "CALL_ERR_FINGERPRINT":
                    # The guest hears that this was seen before it hears the end, and has not sent it.
                    told = "CALL_ERR_FORMAT"
                self.assertEqual(await self.say(*texts), (code, told))

    async def test_what_is_unknown_on_the_control_channel_is_ignored(self) -> None:
        whole = '{"type":"end","ended":"CALL_ERR_LOST","x":1}'.encode()
        parts = [f'{{"type":"piece","piece":"{to_base64url(part)}","more":{more}}}' for part, more in [(whole[:9], "true"), (whole[9:], "false")]]
        ends = await self.say('{"type":"meet","id":"x","key":"y"}', '{"type":"relay","x":1}', *parts)
        self.assertEqual(ends, ("CALL_ERR_LOST", None))

    async def test_a_number_that_is_too_large_for_python_does_no_harm(self) -> None:
        ends = await self.say(
            '{"type":"signal","seq":2,"x":1e999}', '{"type":"signal","seq":3}', '{"type":"end","ended":"CALL_ERR_FULL"}'
        )
        self.assertEqual(ends[0], "CALL_ERR_FULL")

    async def test_a_message_that_never_ends_does_not_fill_the_memory(self) -> None:
        guest, peer = await self.connect()
        sctp: Any = peer.connection.sctp
        for name in vars(sctp):
            if name.lower().endswith("max_message_size"):
                setattr(sctp, name, 10**9)
        self.conversation(-1)._prepared.control.send("x" * 12_000_000)  # type: ignore[union-attr]
        self.assertEqual(await self.ended(guest), "CALL_ERR_FULL")

    async def test_a_connected_call_goes_on_without_its_boxes(self) -> None:
        sinks: list[Sink] = []

        def prepare(connection: Any) -> None:
            sinks.append(sink := Sink())
            connection.on("track", sink.add)

        call = await self.host(prepare=prepare)
        joined = await self.join(call.invite, prepare=prepare)
        guest, peer = await self.peer(call), await self.peer(joined)
        await until(lambda: self.conversation(-2)._signaling._through_control)  # type: ignore[union-attr]
        async with Box.open(call._box.link) as box:
            await box.delete()
        await until(lambda: call._failure is not None)
        guest.connection.addTrack(Picture())
        await until(lambda: sinks[0].frames["video"] > 2)
        peer.connection.addTrack(Tone())
        await until(lambda: guest.connection.getTransceivers()[-1].currentDirection == "recvonly")
        await joined.close()
        self.assertIsNone(await self.ended(guest))
        # Only then does the host's loop say that nobody else can join.
        self.assertEqual(await self.failure(call), "CALL_ERR_GONE")


class LostTest(CallTest):
    async def lose(self, peer: Peer) -> None:
        # Without a goodbye, as a program that was killed.
        await peer.connection.close()

    async def test_a_guest_joins_again_once(self) -> None:
        call = await self.host(compare=False)
        joined = await self.join(call.invite)
        first, peer = await self.peer(call), await self.peer(joined)
        await self.lose(first)
        self.assertEqual((await self.ended(peer), await self.ended(first)), ("CALL_ERR_LOST", "CALL_ERR_LOST"))
        second = await self.peer(call)
        self.assertEqual(second.id, first.id)
        await self.lose(await self.peer(joined))
        self.assertEqual(await self.failure(joined), "CALL_ERR_LOST")
        self.assertEqual(await self.ended(second), "CALL_ERR_LOST")

    async def test_a_guest_joins_again_after_people_could_compare_the_code(self) -> None:
        call = await self.host(compare=False)
        joined = await self.join(call.invite)
        joined._options.timings.__dict__["compare"] = 0.05
        for _ in range(3):
            guest, peer = await self.peer(call), await self.peer(joined)
            self.assertEqual(peer.code, guest.code)
            await asyncio.sleep(0.15)
            await self.lose(guest)
        await self.peer(joined)

    async def test_without_codes_a_guest_joins_again_any_number_of_times(self) -> None:
        call = await self.host(compare=False)
        joined = await self.join(call.invite, compare=False, pause=0.01)
        for _ in range(3):
            guest, _ = await self.peer(call), await self.peer(joined)
            await self.lose(guest)
        await self.peer(joined)

    async def test_a_guest_can_leave_while_it_waits_to_join_again(self) -> None:
        call = await self.host(compare=False)
        joined = await self.join(call.invite, compare=False, pause=60)
        guest, peer = await self.peer(call), await self.peer(joined)
        await self.lose(guest)
        await peer.wait_closed()
        await joined.close()
        self.assertIsNone(await self.failure(joined))
