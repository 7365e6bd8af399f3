"""Audio, video, and what is negotiated after the first exchange."""

import asyncio
import gc
from contextlib import suppress
from typing import Any
from unittest.mock import patch

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RtcpByePacket, RtcpRrPacket
from media import Picture, Sink, Tone, sound

from signalbox_client.webrtc._descriptions import ice_user
from signalbox_client.webrtc._negotiation import Negotiation
from signalbox_client.webrtc._offer import create_offer
from support import CallTest, until


class Ends:
    """What both ends of a connection receive."""

    def __init__(self) -> None:
        self.sinks: dict[RTCPeerConnection, Sink] = {}

    def prepare(self, connection: RTCPeerConnection) -> None:
        sink = self.sinks[connection] = Sink()
        connection.on("track", sink.add)


class MediaTest(CallTest):
    async def receives(self, sink: Sink, **frames: int) -> None:
        await until(lambda: all(sink.frames[kind] >= count for kind, count in frames.items()))

    async def test_tracks_of_both_sides_that_were_there_before(self) -> None:
        ends = Ends()

        async def prepare(connection: RTCPeerConnection) -> None:
            ends.prepare(connection)
            connection.addTrack(Picture())
            connection.addTrack(Tone())

        guest, peer = await self.connect({"prepare": prepare}, {"prepare": prepare})
        await self.receives(ends.sinks[guest.connection], audio=3, video=3)
        await self.receives(ends.sinks[peer.connection], audio=3, video=3)

    async def test_a_guest_whose_tracks_the_host_did_not_ask_for_is_connected_and_then_heard(self) -> None:
        ends = Ends()

        def prepare(connection: RTCPeerConnection) -> None:
            connection.addTrack(Picture())

        guest, _ = await self.connect({"prepare": ends.prepare}, {"prepare": prepare})
        await self.receives(ends.sinks[guest.connection], video=3)

    async def test_tracks_that_both_sides_add_at_the_same_time(self) -> None:
        ends = Ends()
        guest, peer = await self.connect({"prepare": ends.prepare}, {"prepare": ends.prepare})
        # Different kinds, in the same place of two offers of which one is dropped.
        guest.connection.addTrack(Tone())
        peer.connection.addTrack(Picture())
        await self.receives(ends.sinks[guest.connection], video=3)
        await self.receives(ends.sinks[peer.connection], audio=3)
        peer.connection.addTrack(Tone())
        guest.connection.addTrack(Picture())
        await self.receives(ends.sinks[guest.connection], audio=3, video=6)
        await self.receives(ends.sinks[peer.connection], audio=6, video=3)
        self.assertFalse(guest.closed or peer.closed)

    async def test_a_source_that_says_goodbye_and_goes_on_is_still_received(self) -> None:
        ends = Ends()
        guest, peer = await self.connect({"prepare": ends.prepare})
        senders = [peer.connection.addTrack(Picture()), peer.connection.addTrack(Tone())]
        sink = ends.sinks[guest.connection]
        await self.receives(sink, audio=3, video=3)
        for sender in senders:
            await sender._send_rtcp([RtcpByePacket(sources=[sender._ssrc])])
        await self.receives(sink, audio=sink.frames["audio"] + 60, video=sink.frames["video"] + 10)

    async def test_the_answer_to_an_offer_of_a_guest_makes_nothing_fail_in_aiortc(self) -> None:
        failed: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))
        ends = Ends()

        def reply(connection: RTCPeerConnection) -> None:
            connection.on("track", lambda _: connection.addTrack(Picture()))

        _, peer = await self.connect({"prepare": reply}, {"prepare": ends.prepare})
        peer.connection.addTrack(Picture())
        await self.receives(ends.sinks[peer.connection], video=3)
        gc.collect()
        self.assertEqual(failed, [])

    async def test_a_track_on_the_transceivers_that_a_page_offers(self) -> None:
        ends = Ends()

        def offer(connection: RTCPeerConnection) -> None:
            ends.prepare(connection)
            connection.addTransceiver("audio")
            connection.addTransceiver("video")

        guest, peer = await self.connect({"prepare": offer}, {"prepare": ends.prepare})
        peer.connection.addTrack(Picture())
        await self.receives(ends.sinks[guest.connection], video=3)
        self.assertEqual(len(peer.connection.getTransceivers()), 2)
        guest.connection.addTrack(Tone())
        await self.receives(ends.sinks[peer.connection], audio=3)

    async def test_a_changed_direction_is_negotiated_when_asked(self) -> None:
        guest, peer = await self.connect(
            {"prepare": lambda connection: connection.addTransceiver("audio") and None}, {"prepare": Ends().prepare}
        )
        [ours] = guest.connection.getTransceivers()
        [theirs] = peer.connection.getTransceivers()
        self.assertEqual(ours.currentDirection, "sendonly")
        ours.direction = "inactive"
        guest.negotiate()
        await until(lambda: theirs.currentDirection == "inactive")
        theirs.direction = "sendonly"
        peer.negotiate()
        await until(lambda: theirs.currentDirection == "inactive" and ours.currentDirection == "inactive")
        ours.direction = "recvonly"
        guest.negotiate()
        await until(lambda: ours.currentDirection == "recvonly" and theirs.currentDirection == "sendonly")

    async def test_tracks_that_nobody_listens_for_are_declined(self) -> None:
        ends, early, late = Ends(), Picture(), Tone()

        def prepare(connection: RTCPeerConnection) -> None:
            ends.prepare(connection)
            connection.addTrack(early)

        guest, peer = await self.connect(None, {"prepare": prepare})
        peer.connection.addTrack(late)
        await until(lambda: len(guest.connection.getTransceivers()) == 2 and guest.connection.signalingState == "stable")
        await until(lambda: all(each.currentDirection for each in peer.connection.getTransceivers()))
        self.assertEqual([each.currentDirection for each in peer.connection.getTransceivers()], ["inactive"] * 2)
        # In these places, the host can still send.
        guest.connection.addTrack(Picture())
        await self.receives(ends.sinks[peer.connection], video=3)
        self.assertEqual(len(guest.connection.getTransceivers()), 2)
        self.assertEqual((early.sent, late._sent), (0, 0))

    async def test_the_frames_of_a_track_that_nobody_reads_are_limited(self) -> None:
        tracks: list[Any] = []
        guest, peer = await self.connect({"prepare": lambda connection: connection.on("track", tracks.append) and None})
        picture = Picture()
        peer.connection.addTrack(picture)
        await until(lambda: picture.sent > 90)
        self.assertLessEqual(tracks[0]._queue.qsize(), 60)
        self.assertFalse(guest.closed)
        first = await tracks[0].recv()
        self.assertGreater((await tracks[0].recv()).pts, first.pts)

    async def test_an_offer_keeps_the_numbers_that_are_in_use(self) -> None:
        # What a browser may have numbered: opus is 111 there, and 96 is a video format.
        browser = RTCPeerConnection()
        browser.addTransceiver("audio")
        offer = (await browser.createOffer()).sdp.replace("a=extmap:1 ", "a=extmap:4 ").replace(" 96 ", " 111 ")
        offer = offer.replace(":96 ", ":111 ")
        own = RTCPeerConnection()
        try:
            await own.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await own.setLocalDescription()
            own.addTrack(Picture())
            own.addTrack(Tone())
            sdp = (await create_offer(own)).sdp
        finally:
            await own.close()
            await browser.close()
        self.assertIn("a=rtpmap:111 opus/48000/2", sdp)
        self.assertNotIn("a=rtpmap:96 opus/48000/2", sdp)
        self.assertIn("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", sdp)
        self.assertNotIn("a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid", sdp)
        self.assertIn("a=sendrecv", sdp)

    async def tamper(self, change: Any) -> tuple[str | None, str | None]:
        """Change the next description of the guest, and return how the connection ends for both."""
        guest, peer = await self.connect()
        send = Negotiation._describe

        def describe(self: Negotiation, description: RTCSessionDescription, more: Any = None) -> None:
            send(self, RTCSessionDescription(change(description.sdp), description.type), more)

        with patch.object(Negotiation, "_describe", describe):
            peer.connection.addTrack(Tone())
            return await self.ended(guest), await self.ended(peer)

    async def test_a_later_description_with_another_fingerprint_is_refused(self) -> None:
        def change(sdp: str) -> str:
            at = sdp.index("a=fingerprint:sha-256 ") + 22
            return sdp[:at] + ("11" if sdp[at : at + 2] != "11" else "22") + sdp[at + 2 :]

        self.assertEqual(await self.tamper(change), ("CALL_ERR_FINGERPRINT", "CALL_ERR_CLOSED"))

    async def test_a_description_beyond_the_limits_is_refused(self) -> None:
        self.assertEqual(
            await self.tamper(lambda sdp: sdp + "a=x\r\n" * 16_400), ("CALL_ERR_DESCRIPTION", "CALL_ERR_DESCRIPTION")
        )

    async def test_a_description_that_aiortc_does_not_understand_is_refused(self) -> None:
        self.assertEqual(
            await self.tamper(lambda sdp: sdp.replace("a=ice-pwd:", "a=x-ice-pwd:")),
            ("CALL_ERR_DESCRIPTION", "CALL_ERR_DESCRIPTION"),
        )

    async def test_an_ice_restart_ends_the_connection_and_the_guest_joins_again(self) -> None:
        call = await self.host()
        joined = await self.join(call.invite)
        guest, peer = await self.peer(call), await self.peer(joined)
        send = Negotiation._describe

        def describe(self: Negotiation, description: RTCSessionDescription, more: Any = None) -> None:
            user = ice_user(description.sdp)
            sdp = description.sdp.replace(f"a=ice-ufrag:{user}", "a=ice-ufrag:new")
            send(self, RTCSessionDescription(sdp, description.type), more)

        with patch.object(Negotiation, "_describe", describe):
            guest.connection.addTrack(Tone())
            self.assertEqual(await self.ended(peer), "CALL_ERR_LOST")
        self.assertEqual(await self.ended(guest), "CALL_ERR_LOST")
        again, back = await self.peer(call), await self.peer(joined)
        self.assertEqual((again.id, back.id), (guest.id, peer.id))
        self.assertEqual(again.code, back.code)
        self.assertNotEqual(again.code, guest.code)

    async def test_a_negotiation_that_is_too_long_for_a_message_goes_in_pieces(self) -> None:
        ends = Ends()
        guest, peer = await self.connect({"prepare": ends.prepare}, {"prepare": ends.prepare})
        for _ in range(20):
            peer.connection.addTransceiver("video", "inactive")
        peer.connection.addTrack(Tone())
        await self.receives(ends.sinks[guest.connection], audio=3)
        await asyncio.sleep(0)
        self.assertGreater(len(guest.connection.localDescription.sdp), 33_000)

    async def test_media_from_too_many_sources_ends_the_call(self) -> None:
        ends = Ends()
        guest, peer = await self.connect({"prepare": ends.prepare}, {"prepare": lambda connection: connection.addTrack(Tone())})
        await self.receives(ends.sinks[guest.connection], audio=1)
        here: Any = guest.connection.sctp
        there: Any = peer.connection.sctp
        sources = here.transport._rtp_router.ssrc_table

        async def send(first: int, last: int) -> None:
            for source in range(first, last):
                with suppress(ConnectionError):
                    await there.transport._send_rtp(sound(source))
                await asyncio.sleep(0)

        await send(0, 384)
        await until(lambda: len(sources) >= 384)
        self.assertFalse(guest.closed)
        await send(384, 2_000)
        self.assertEqual(await self.ended(guest), "CALL_ERR_FULL")
        self.assertEqual(await self.ended(peer), "CALL_ERR_FULL")
        self.assertLessEqual(len(sources), 512)

    async def test_reports_of_too_many_senders_end_the_call(self) -> None:
        ends = Ends()
        guest, peer = await self.connect({"prepare": ends.prepare}, {"prepare": lambda connection: connection.addTrack(Tone())})
        await self.receives(ends.sinks[guest.connection], audio=1)
        there: Any = peer.connection.sctp
        for sender in range(2_000):
            with suppress(ConnectionError):
                await there.transport._send_rtp(bytes(RtcpRrPacket(ssrc=sender)))
            await asyncio.sleep(0)
        self.assertEqual(await self.ended(guest), "CALL_ERR_FULL")
