"""An aiortc connection, prepared for a call."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, TypeAlias

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
)
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

from ._descriptions import directions
from ._errors import CallError
from ._ice_servers import has_turn
from ._received import MediaLimits, limit_addresses, limit_sources
from ._sealing import fingerprint

Prepare: TypeAlias = Callable[[RTCPeerConnection], Awaitable[None] | None]
"""Called with each new connection before it is negotiated: to add tracks, and to listen for theirs."""

_HASHES = {"sha-256": SHA256(), "sha-384": SHA384(), "sha-512": SHA512()}
_REVERSE = {"sendonly": "recvonly", "recvonly": "sendonly"}


class CallConnection(RTCPeerConnection):
    """Emits ``negotiationneeded``, as in a browser, when tracks or transceivers are added.

    If the other side sends more than is allowed, it emits ``excess`` with the error.
    """

    def __init__(self, configuration: RTCConfiguration):
        super().__init__(configuration)
        self._sources: set[Any] = set()
        self._addresses: set[Any] = set()

    def addTrack(self, track: MediaStreamTrack) -> RTCRtpSender:
        sender = super().addTrack(track)
        self.emit("negotiationneeded")
        return sender

    def addTransceiver(
        self,
        trackOrKind: str | MediaStreamTrack,
        direction: Literal["inactive", "sendonly", "recvonly", "sendrecv"] | str = "sendrecv",
    ) -> RTCRtpTransceiver:
        transceiver = super().addTransceiver(trackOrKind, direction)
        self.emit("negotiationneeded")
        return transceiver

    def _RTCPeerConnection__createDtlsTransport(self) -> Any:
        # aiortc's own, for this connection and each section that the other side keeps apart.
        base: Any = super()
        transport = base._RTCPeerConnection__createDtlsTransport()
        limit_sources(transport, self._sources, lambda error: self.emit("excess", error))
        limit_addresses(transport.transport.iceGatherer._connection, self._addresses)
        return transport


class Prepared:
    """A connection with its two data channels, not negotiated yet."""

    connection: CallConnection
    channel: RTCDataChannel
    control: RTCDataChannel
    limits: MediaLimits
    fingerprint: str
    """this side's own"""
    turn: bool
    """whether a TURN server is configured"""

    @classmethod
    async def create(cls, ice_servers: Sequence[RTCIceServer], prepare: Prepare | None) -> "Prepared":
        prepared = cls()
        connection = prepared.connection = CallConnection(RTCConfiguration(iceServers=list(ice_servers)))
        prepared.channel = connection.createDataChannel("signalbox", negotiated=True, id=0)
        prepared.control = connection.createDataChannel("signalbox-control", negotiated=True, id=255)
        prepared.turn = has_turn(ice_servers)
        prepared.limits = MediaLimits(connection)
        try:
            # Before there are transceivers: aiortc remembers the place of each in an offer, even of one that is not used.
            prepared.fingerprint = fingerprint((await connection.createOffer()).sdp)
            if prepare is not None:
                done = prepare(connection)
                if inspect.isawaitable(done):
                    await done
        except BaseException:
            await connection.close()
            raise
        return prepared


def verify_certificate(connection: RTCPeerConnection, agreed: str) -> None:
    """Compare the certificate in use with the agreed fingerprints.

    aiortc does so, too, before it uses a connection, and then reports a failure without a reason. It does not expose
    the certificate otherwise.
    """
    ssl: Any = None if connection.sctp is None else getattr(connection.sctp.transport, "_ssl", None)
    certificate = None if ssl is None else ssl.get_peer_certificate(as_cryptography=True)
    if certificate is None:
        raise CallError("CALL_ERR_UNVERIFIED")
    lines = (line.partition(" ") for line in agreed.split(","))
    if not any(certificate.fingerprint(_HASHES[name]).hex(":").upper() == value for name, _, value in lines):
        raise CallError("CALL_ERR_FINGERPRINT")


def needs_negotiation(connection: RTCPeerConnection) -> bool:
    """Whether the local description does not say what the transceivers want, as in WebRTC 1.0, section 4.7.3."""
    local, remote = connection.localDescription, connection.remoteDescription
    described = {} if local is None else directions(local.sdp)
    offered = directions(remote.sdp) if local is not None and local.type == "answer" and remote is not None else {}
    for transceiver in connection.getTransceivers():
        if transceiver.stopped:
            continue
        if transceiver.mid is None or transceiver.mid not in described:
            return True
        wanted = transceiver.direction
        if transceiver.mid in offered:
            wanted = _intersection(wanted, _REVERSE.get(offered[transceiver.mid], offered[transceiver.mid]))
        if described[transceiver.mid] != wanted:
            return True
    return False


def _intersection(a: str, b: str) -> str:
    sends = "send" in a and "send" in b
    receives = "recv" in a and "recv" in b
    return {(True, True): "sendrecv", (True, False): "sendonly", (False, True): "recvonly"}.get((sends, receives), "inactive")
