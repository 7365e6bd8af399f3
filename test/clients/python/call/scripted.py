"""Sides of a call that say what a test wants, over real boxes and without a connection."""

import asyncio
from typing import Any, Self

from aiortc import RTCConfiguration, RTCPeerConnection

from signalbox_client import Box
from signalbox_client.webrtc._sealing import (
    Session,
    commit,
    fingerprint,
    new_invite,
    new_nonce,
    open_hello,
    parse_invite,
    parse_message,
    seal_hello,
    to_json,
)
from support import PATIENCE, URL


async def make_offer() -> str:
    """The SDP of an offer like this library's."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.createDataChannel("signalbox", negotiated=True, id=0)
    try:
        return (await connection.createOffer()).sdp
    finally:
        await connection.close()


class Scripted:
    """One side of a session."""

    session: Session

    def __init__(self, box: Box, other: Box):
        self.box = box
        self.other = other
        self._messages = box.messages()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.box.delete()
        await self.other.aclose()

    async def say(self, value: Any) -> None:
        await self.other.send(self.session.seal(to_json(value)))

    async def stored(self) -> Any:
        """The next message, sealed."""
        return (await asyncio.wait_for(anext(self._messages), PATIENCE)).data

    async def hear(self) -> Any:
        """What the next message says."""
        return self.session.open(parse_message(await self.stored()))


class ScriptedGuest(Scripted):
    """Says hello to a host."""

    @classmethod
    async def create(cls, invite: str) -> "ScriptedGuest":
        parsed = parse_invite(invite)
        guest = cls(await Box.create(URL), Box.open(parsed.key.host_drop, server=URL))
        guest.key = parsed.key
        guest.drop = guest.box.drop_link.rpartition("/")[2]
        guest.nonce = new_nonce()
        guest.opening = new_nonce()
        guest.sdp = await make_offer()
        guest.session = Session(parsed.key, "guest", guest_drop=guest.drop, guest_nonce=guest.nonce)
        return guest

    key: Any
    drop: str
    nonce: str
    opening: str
    sdp: str

    @property
    def hello(self) -> dict[str, Any]:
        return {"commitment": commit(self.opening, fingerprint(self.sdp)), "self": new_nonce()}

    def sealed_hello(self, **members: Any) -> dict[str, Any]:
        value = {"drop": self.drop, "hello": self.hello, **members}
        return seal_hello(self.key, self.nonce, to_json(value))

    async def greet(self, **members: Any) -> None:
        await self.other.send(self.sealed_hello(**members))

    async def offered(self) -> dict[str, Any]:
        """Say hello, and return the host's offer."""
        await self.greet()
        [offer] = await self.hear()
        assert isinstance(offer, dict)
        return offer


class ScriptedHost(Scripted):
    """Makes an invite, and waits for a hello."""

    invite: str

    @classmethod
    async def create(cls) -> "ScriptedHost":
        box = await Box.create(URL)
        host = cls(box, Box.open(box.drop_link))
        made = new_invite(URL, box.drop_link.rpartition("/")[2])
        host.invite, host.key = made.link(f"{URL}/"), made.key
        return host

    key: Any

    async def met(self) -> dict[str, Any]:
        """Take the next hello, and begin a session with this guest."""
        message = parse_message(await self.stored())
        value = open_hello(self.key, message)
        await self.other.aclose()
        self.other = Box.open(value["drop"], server=URL)
        self.session = Session(
            self.key, "host", guest_drop=value["drop"], guest_nonce=message.session, host_nonce=new_nonce()
        )
        hello = value["hello"]
        assert isinstance(hello, dict)
        return hello
