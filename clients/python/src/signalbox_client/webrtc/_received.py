"""Limits on what aiortc keeps of what the other side sends. By itself, it keeps everything until somebody takes it."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiortc import MediaStreamTrack, RTCPeerConnection
from aiortc.rtcsctptransport import InboundStream
from aiortc.rtp import RtcpByePacket

from ._decoding import Decoding, Limits
from ._errors import CallError
from ._queues import Frames

_MAX_FRAGMENTS = 4 * 1024 * 1024
"""Parts of messages on data channels: a browser sends at most 1 MiB that has not been put together."""
_MAX_CHANNELS = 256
"""At a time, of those that the other side opens, or sends on without opening them."""
_MAX_NAMES = 1_024
"""Bytes of a channel's label and protocol. aiortc keeps both, each of up to 64 KiB."""
_OPENING = 50
"""The payload protocol identifier of a message that opens a channel (RFC 8832)."""

_MAX_SOURCES = 512
"""Of media, on all transports: 64 sections with three simulcast layers, each sent again on a source of its own, are 384."""
_MAX_ADDRESSES = 100
"""From which the other side checks the path, on all transports. Those of its candidates are among them."""


class MediaLimits:
    """Limits the frames of each track of a connection, from the moment it arrives."""

    def __init__(self, connection: RTCPeerConnection):
        self._shared = Limits()
        self._connection = connection
        connection.on("track", self._limit)

    @property
    def are_tracks_wanted(self) -> bool:
        """Whether the application listens for tracks, too."""
        return len(self._connection.listeners("track")) > 1

    def _limit(self, track: MediaStreamTrack) -> None:
        # The decoder, which has not begun, is given these queues.
        receiver: Any = next(each for each in self._connection.getReceivers() if each.track is track)
        frames = receiver.track._queue = Frames(track.kind, self._shared.unread)
        restart = receiver._RTCRtpReceiver__decoder_error.set
        receiver._RTCRtpReceiver__decoder_queue = Decoding(track.kind, frames, self._shared, restart)
        ignore_goodbyes(receiver)


def ignore_goodbyes(receiver: Any) -> None:
    """Let a track end with its connection, as in a browser.

    aiortc ends it at the first RTCP BYE. Browsers also send one before they go on with the same source, for example when
    a later negotiation changes the formats.
    """
    handle = receiver._handle_rtcp_packet

    async def handle_rest(packet: Any) -> None:
        if not isinstance(packet, RtcpByePacket):
            await handle(packet)

    receiver._handle_rtcp_packet = handle_rest


def limit_fragments(sctp: Any, fail: Callable[[CallError], None]) -> None:
    """End the call if the other side sends on when the window is full, with a message that never ends, for example."""
    window = sctp._advertised_rwnd
    receive = sctp._receive_data_chunk

    async def receive_limited(chunk: Any) -> None:
        if window - sctp._advertised_rwnd > _MAX_FRAGMENTS:
            fail(CallError("CALL_ERR_FULL"))
        else:
            await receive(chunk)

    sctp._receive_data_chunk = receive_limited


def limit_channels(sctp: Any, fail: Callable[[CallError], None]) -> None:
    """End the call if the other side uses too many data channels, or one with long names.

    A channel counts until both its stream and the channel itself are gone: the other side can end the former alone.
    """
    get_stream, receive = sctp._get_inbound_stream, sctp._receive
    streams, channels = sctp._inbound_streams, sctp._data_channels
    theirs: set[int] = set()

    def get_stream_limited(stream: int) -> InboundStream:
        if stream not in theirs and stream not in channels:
            if len(theirs) == _MAX_CHANNELS:
                theirs.intersection_update({*streams, *channels})
            if len(theirs) == _MAX_CHANNELS:
                fail(CallError("CALL_ERR_FULL"))
                return _Nowhere()
            theirs.add(stream)
        return cast(InboundStream, get_stream(stream))

    async def receive_limited(stream: int, protocol: int, data: bytes) -> None:
        if protocol == _OPENING and len(data) > 12 + _MAX_NAMES:
            fail(CallError("CALL_ERR_FULL"))
        else:
            await receive(stream, protocol, data)

    sctp._get_inbound_stream, sctp._receive = get_stream_limited, receive_limited


class _Nowhere(InboundStream):
    """A stream that is one too many."""

    def add_chunk(self, chunk: Any) -> None:
        pass


def limit_sources(transport: Any, sources: set[Any], fail: Callable[[CallError], object]) -> None:
    """End the call if the other side sends media from too many sources. aiortc forgets none of them.

    Args:
        sources: those of the connection so far
    """

    def limit(handle: Callable[..., Awaitable[None]], start: int) -> Callable[..., Awaitable[None]]:
        async def handle_limited(data: bytes, **options: Any) -> None:
            source = transport, data[start : start + 4]
            if source not in sources and len(sources) == _MAX_SOURCES:
                fail(CallError("CALL_ERR_FULL"))
            else:
                sources.add(source)
                await handle(data, **options)

        return handle_limited

    transport._handle_rtp_data = limit(transport._handle_rtp_data, 8)
    transport._handle_rtcp_data = limit(transport._handle_rtcp_data, 4)


def limit_addresses(ice: Any, addresses: set[Any]) -> None:
    """Ignore checks from too many addresses. aioice adds each to those that it checks, and sorts all of them again.

    Args:
        addresses: those of the connection so far
    """
    check = ice.check_incoming

    def check_limited(message: Any, address: tuple[Any, ...], protocol: Any) -> None:
        if (ice, address) in addresses or len(addresses) < _MAX_ADDRESSES:
            addresses.add((ice, address))
            check(message, address, protocol)

    ice.check_incoming = check_limited
