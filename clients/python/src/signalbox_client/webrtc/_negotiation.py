"""Descriptions and candidates: the first exchange, and perfect negotiation after it."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from aiortc import RTCIceCandidate, RTCRtpTransceiver, RTCSessionDescription

from ._agreement import Agreement
from ._channel import MAX_UNREAD
from ._connection import Prepared, needs_negotiation
from ._descriptions import Candidates, directions, ice_user, parse_description
from ._errors import CallError
from ._offer import create_offer

_MAX_WAITING = 1_024
_MAX_TRANSCEIVERS = 256


class Negotiation:
    """Carries out what the two sides' descriptions say, one after the other.

    If both sides make an offer at the same time, the guest gives way. A browser would roll its offer back, which aiortc
    cannot. So the guest sends its offer without setting it, and sets it when the answer arrives. If an offer of the host
    arrives instead, the guest forgets its own and answers; the host has ignored it.
    """

    def __init__(self, prepared: Prepared, agreement: Agreement, send: Callable[[dict[str, Any]], None]):
        self.described = asyncio.Event()
        """set once the other side's first description has arrived"""
        self._connection = prepared.connection
        self._limits = prepared.limits
        self._agreement = agreement
        self._send = send
        self._is_guest = agreement.role == "guest"
        self._waiting: deque[tuple[dict[str, Any], int]] = deque()
        self._waiting_size = 0
        self._wake = asyncio.Event()
        self._is_up = False
        self._stopped = False
        self._later: list[tuple[dict[str, Any], int]] = []
        self._needed = False
        self._held: RTCSessionDescription | None = None
        self._ignoring = False
        self._candidates = Candidates()
        self._ice_user: str | None = None
        self._connection.on("negotiationneeded", self.negotiate)

    def receive(self, value: dict[str, Any], size: int) -> None:
        """Take a value of the other side, when its turn has come."""
        self._waiting.append((value, size))
        self._waiting_size += size
        if len(self._waiting) + len(self._later) > _MAX_WAITING or self._waiting_size > MAX_UNREAD:
            raise CallError("CALL_ERR_FULL")
        self._wake.set()

    def start(self) -> None:
        """The connection is up. Earlier, aiortc would not begin to send or receive what a second negotiation adds."""
        self._is_up = True
        self._waiting.extendleft(reversed(self._later))
        self._later.clear()
        self._wake.set()

    def stop(self) -> None:
        """Let ``run`` end when aiortc has done what it is doing. It leaves sockets behind if that is cancelled."""
        self._stopped = True
        self._wake.set()

    def negotiate(self) -> None:
        """Make an offer when possible, if there is something to negotiate."""
        self._needed = True
        self._wake.set()

    async def run(self) -> None:
        if not self._is_guest:
            await self._connection.setLocalDescription()
            self._describe(self._connection.localDescription, self._agreement.share())
        while not self._stopped:
            while self._waiting and not self._stopped:
                value, size = self._waiting.popleft()
                if "description" in value and self.described.is_set() and not self._is_up:
                    self._later.append((value, size))
                    continue
                self._waiting_size -= size
                await self._take(value)
            if self._needed and self._is_up and self._is_stable and not self._stopped:
                self._needed = False
                if needs_negotiation(self._connection):
                    await self._offer()
                continue
            await self._wake.wait()
            self._wake.clear()

    @property
    def _is_stable(self) -> bool:
        return self._held is None and self._connection.signalingState == "stable"

    async def _take(self, value: dict[str, Any]) -> None:
        if "description" in value:
            await self._take_description(value, parse_description(value["description"]))
        if "candidate" in value and self.described.is_set() and not self._ignoring:
            candidate = self._candidates.parse(value["candidate"])
            if candidate is not None:
                await self._add(candidate)

    async def _take_description(self, value: dict[str, Any], description: RTCSessionDescription) -> None:
        first = not self.described.is_set()
        self._agreement.take(value, description.type, description.sdp)
        self.described.set()
        user = ice_user(description.sdp)
        if description.type == "offer":
            self._ignoring = not self._is_guest and not self._is_stable
            if self._ignoring:
                return
            self._forget_offer()
        elif not first and self._is_stable:
            # There is no offer that this could answer.
            raise CallError("CALL_ERR_DESCRIPTION")
        if not first and user != self._ice_user:
            # ICE is restarted, which aiortc cannot do. The guest joins again.
            raise CallError("CALL_ERR_LOST")
        self._ice_user = user
        try:
            if description.type == "answer" and self._held is not None:
                held, self._held = self._held, None
                await self._connection.setLocalDescription(held)
                # aiortc now looks for what it can start, and must not find a half-set answer.
                await asyncio.sleep(0)
            before = self._connection.getTransceivers()
            # aiortc never gives one back, so section names that change all the time would make them without end.
            if len({each.mid for each in before} | directions(description.sdp).keys()) > _MAX_TRANSCEIVERS:
                raise ValueError("Too many media sections")
            await self._connection.setRemoteDescription(self._candidates.limit(description))
            if description.type == "offer":
                if not self._limits.are_tracks_wanted:
                    self._decline(before)
                self._leave_out()
                await self._connection.setLocalDescription()
        except Exception as error:
            raise CallError("CALL_ERR_DESCRIPTION") from error
        if description.type == "offer":
            self._describe(self._connection.localDescription, self._agreement.share() if first else {})
        # Whatever was added in the meantime, or did not fit into the other side's offer.
        self.negotiate()

    async def _offer(self) -> None:
        offer = await create_offer(self._connection)
        if self._is_guest:
            self._held = offer
            self._describe(offer)
        else:
            await self._connection.setLocalDescription(offer)
            self._describe(self._connection.localDescription)

    def _forget_offer(self) -> None:
        if self._held is None:
            return
        self._held = None
        for transceiver in self._connection.getTransceivers():
            if transceiver.mid is None:
                # aiortc would take its place in the forgotten offer for one in the other side's.
                transceiver._set_mline_index(-1)

    def _decline(self, before: list[RTCRtpTransceiver]) -> None:
        """Ask the other side not to send what nobody here would take."""
        for transceiver in self._connection.getTransceivers():
            # The application may have added some in the meantime, or a track to one that the offer added.
            if transceiver not in before and transceiver.mid is not None:
                transceiver.direction = "sendonly" if "send" in transceiver.direction else "inactive"

    def _leave_out(self) -> None:
        """Let aiortc answer an offer that has no place for some of our transceivers, which it would otherwise refuse."""
        for transceiver in self._connection.getTransceivers():
            if transceiver._offerDirection is None:
                transceiver._offerDirection = "inactive"

    def _describe(self, description: RTCSessionDescription, more: dict[str, Any] | None = None) -> None:
        self._send({"description": {"type": description.type, "sdp": description.sdp}, **(more or {})})

    async def _add(self, candidate: RTCIceCandidate) -> None:
        try:
            await self._connection.addIceCandidate(candidate)
        except Exception:
            # One that this side cannot use, or of a section that it does not have. Others may do.
            return
