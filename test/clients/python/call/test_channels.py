"""How many data channels the other side may use."""

from typing import Any

from aiortc import RTCDataChannel
from aiortc.rtcsctptransport import ForwardTsnChunk

from signalbox_client.webrtc import Peer
from support import CallTest, Messages, until

MOST = 256


class ChannelsTest(CallTest):
    async def arrivals(self) -> tuple[Peer, Peer, list[RTCDataChannel]]:
        """The host's end of a connection, the guest's, and the channels that arrive at the host."""
        arrived: list[RTCDataChannel] = []
        guest, peer = await self.connect({"prepare": lambda connection: connection.on("datachannel", arrived.append) and None})
        return guest, peer, arrived

    async def still_connected(self, guest: Peer, peer: Peer) -> None:
        messages = Messages(guest.channel)
        peer.channel.send("still here")
        self.assertEqual(await messages.next(), "still here")
        self.assertFalse(guest.closed)

    async def test_as_many_as_allowed_can_be_open_at_a_time(self) -> None:
        guest, peer, arrived = await self.arrivals()
        # Those of this side do not count.
        for _ in range(10):
            guest.connection.createDataChannel("ours")
        for count in (1, 2):
            channels = [peer.connection.createDataChannel("a channel") for _ in range(MOST)]
            await until(lambda count=count: len(arrived) == count * MOST)
            await self.still_connected(guest, peer)
            for channel in channels:
                channel.close()
            await until(lambda: all(each.readyState == "closed" for each in (*arrived, *channels)))
        await self.still_connected(guest, peer)

    async def test_one_more_ends_the_call(self) -> None:
        guest, peer, arrived = await self.arrivals()
        for _ in range(MOST + 1):
            peer.connection.createDataChannel("a channel")
        self.assertEqual(await self.ended(guest), "CALL_ERR_FULL")
        self.assertEqual(await self.ended(peer), "CALL_ERR_FULL")
        self.assertEqual(len(arrived), MOST)

    async def test_channels_that_are_never_quite_closed_count(self) -> None:
        guest, peer, arrived = await self.arrivals()
        sctp: Any = guest.connection.sctp
        channels = [peer.connection.createDataChannel("a channel") for _ in range(MOST)]
        await until(lambda: len(arrived) == MOST)
        # The other side ends its streams, but confirms the end of none.
        for channel in channels:
            sctp._inbound_streams.pop(channel.id)
        peer.connection.createDataChannel("one more")
        self.assertEqual(await self.ended(guest), "CALL_ERR_FULL")

    async def test_streams_that_are_not_opened_count(self) -> None:
        guest, peer, arrived = await self.arrivals()
        there: Any = peer.connection.sctp
        sctp: Any = guest.connection.sctp
        for stream in range(1_000, 1_000 + MOST):
            await there._send(stream, 53, b"x")
        await until(lambda: len(sctp._inbound_streams) >= MOST)
        await self.still_connected(guest, peer)
        for stream in range(2_000, 3_000):
            await there._send(stream, 53, b"x")
        self.assertEqual(await self.ended(guest), "CALL_ERR_FULL")
        self.assertEqual(await self.ended(peer), "CALL_ERR_FULL")
        self.assertLessEqual(len(sctp._inbound_streams), MOST + 2)
        self.assertEqual(arrived, [])

    async def test_streams_that_are_only_skipped_count(self) -> None:
        guest, peer, _ = await self.arrivals()
        sctp: Any = guest.connection.sctp
        skip = ForwardTsnChunk()
        skip.cumulative_tsn = sctp._last_received_tsn + 1 & 0xFFFFFFFF
        skip.streams = [(stream, 0) for stream in range(1_000, 3_000)]
        await sctp._receive_forward_tsn_chunk(skip)
        self.assertEqual(await self.ended(guest), "CALL_ERR_FULL")
        self.assertLessEqual(len(sctp._inbound_streams), MOST + 2)

    async def test_long_names_end_the_call(self) -> None:
        guest, peer, arrived = await self.arrivals()
        peer.connection.createDataChannel("x" * 1_000, protocol="x" * 24)
        await until(lambda: len(arrived) == 1)
        await self.still_connected(guest, peer)
        peer.connection.createDataChannel("x" * 1_000, protocol="x" * 25)
        self.assertEqual(await self.ended(guest), "CALL_ERR_FULL")
        self.assertEqual(await self.ended(peer), "CALL_ERR_FULL")
        self.assertEqual(len(arrived), 1)
