"""A guest's side of a call."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from aiortc import RTCIceServer

from .._address import base_url
from .._box import Box
from .._http import Headers
from ._agreement import Agreement, new_commitment
from ._attempts import COMPARED
from ._call import Call, Opening, Options, delete_box, participant, with_timeout
from ._channel import store_patiently
from ._connection import Prepare, Prepared
from ._control import Hold
from ._conversation import Conversation
from ._errors import CallError, as_call_error
from ._ice_servers import IceServers
from ._negotiation import Negotiation
from ._peer import Peer
from ._sealing import Invite, Session, new_nonce, parse_invite, parse_message, seal_hello, to_json
from ._timings import DEFAULT_TIMINGS

_MAX_PAUSE = 30
_JOIN_AGAIN = ("CALL_ERR_LOST", "CALL_ERR_NO_PATH", "CALL_ERR_NO_PATH_WITH_TURN")


def join(
    invite: str,
    *,
    server: str | None = None,
    prepare: Prepare | None = None,
    ice_servers: Sequence[RTCIceServer] | None = None,
    timeout: float | None = None,
    compare: bool = True,
    headers: Headers | None = None,
) -> Opening[Call]:
    """Join a call: ``async with join(invite) as call``, or ``call = await join(invite)``.

    Args:
        invite: the link from the host
        server: the base URL of the box routes, needed with ``headers``; an invite for any other is refused
        prepare: called with each new connection before it is negotiated: add tracks, and listen for theirs
        ice_servers: by default, those that the server offers to anyone who has the invite
        timeout: how long to wait for the host to answer, in seconds; 30 by default
        compare: False if nobody compares codes: then a lost connection is replaced any number of times
        headers: sent with every request, or a function that returns them

    Raises:
        ValueError: if an option is not valid
        CallError: if the link is not a valid invite, its call is over, or the server cannot be reached
    """
    if headers is not None and server is None:
        raise ValueError("The option 'headers' requires the option 'server'")
    options = Options(prepare, None, ice_servers, compare, headers, with_timeout(DEFAULT_TIMINGS, timeout))
    return Opening(open_join(invite, None if server is None else base_url(server), options))


async def open_join(link: str, server: str | None, options: Options) -> Call:
    invite = parse_invite(link)
    if server is not None and server != invite.server:
        raise CallError("CALL_ERR_INVITE")
    call = JoinedCall(invite, options)
    try:
        call._spawn(call._stay(await call._say_hello()))
    except BaseException:
        await call.close()
        raise
    return call


@dataclass(frozen=True)
class _Hello:
    """A hello that is stored, and what goes with it."""

    box: Box
    conversation: Conversation
    prepared: Prepared
    agreement: Agreement


class JoinedCall(Call):
    """A guest's call."""

    def __init__(self, invite: Invite, options: Options):
        # Nobody but the host learns it.
        self._self = new_nonce()
        super().__init__(participant(self._self), options)
        self._invite = invite
        self._releasing: set[asyncio.Task[None]] = set()
        self._host = Box.open(invite.key.host_drop, server=invite.server, headers=options.headers)
        self._ice = IceServers(
            options.ice_servers,
            invite.server,
            invite.key.host_drop,
            headers=options.headers,
            timeout=options.timings.ice_servers,
        )

    async def _stop(self) -> None:
        try:
            await super()._stop()
            if self._releasing:
                await asyncio.wait(self._releasing)
        finally:
            await self._host.aclose()

    async def _say_hello(self) -> _Hello:
        """Make a connection and a box, and store a hello. Raises a ``CallError`` if that is not possible."""
        invite, timings = self._invite, self._options.timings
        prepared = await Prepared.create(await self._ice.get(), self._options.prepare)
        box = None
        try:
            async with asyncio.timeout(timings.answer):
                box = await Box.create(invite.server, headers=self._options.headers)
                drop = box.drop_link.rpartition("/")[2]
                nonce = new_nonce()
                opening, commitment = new_commitment(prepared.fingerprint)
                hello = {"drop": drop, "hello": {"commitment": commitment, "self": self._self}}
                await store_patiently(self._host.send, seal_hello(invite.key, nonce, to_json(hello)), timings.full)
        except BaseException as error:
            await prepared.connection.close()
            if box is not None:
                await delete_box(box, timings)
            if isinstance(error, TimeoutError):
                raise CallError("CALL_ERR_SERVER") from error
            if isinstance(error, Exception):
                raise as_call_error(error) or error from error
            raise
        session = Session(invite.key, "guest", guest_drop=drop, guest_nonce=nonce)
        conversation = Conversation(session, self._host.send, timings)
        self._conversations.add(conversation)
        return _Hello(box, conversation, prepared, Agreement("guest", session, prepared.fingerprint, opening=opening))

    async def _stay(self, hello: _Hello) -> None:
        """Hold the conversation, and say hello again if its connection is lost."""
        may_again = True
        pause = 0.0
        while True:
            began = monotonic()
            cost, error = await self._converse(hello)
            if error is None or error.code not in _JOIN_AGAIN or self._closing:
                break
            # Each session gives someone in the middle a guess, so people have to decide on a third.
            if self._options.compare and not (may_again or cost == COMPARED):
                break
            may_again = cost == COMPARED
            if not self._options.compare:
                lasted = monotonic() - began >= self._options.timings.compare
                pause = 0.0 if lasted else min(max(self._options.timings.pause, pause * 2), _MAX_PAUSE)
                await asyncio.sleep(pause)
            try:
                hello = await self._say_hello()
            except CallError as failure:
                error = failure
                break
        self._peers._finish(error)

    async def _converse(self, hello: _Hello) -> tuple[float, CallError | None]:
        """Hold one conversation to its end.

        Returns:
            what it counts as an attempt, and why it ended
        """
        conversation = hello.conversation
        reader = asyncio.create_task(self._read(hello.box, conversation))
        judge: asyncio.Task[float] | None = None

        async def prepare() -> tuple[Prepared, Agreement]:
            return hello.prepared, hello.agreement

        def connected(code: str, prepared: Prepared, hold: Hold, negotiation: Negotiation) -> Peer:
            nonlocal judge
            peer = Peer(
                participant(self._invite.key.host_drop),
                is_host=True,
                connection=prepared.connection,
                hold=hold,
                code=code,
                negotiate=negotiation.negotiate,
                close=conversation.close,
            )
            judge = asyncio.create_task(self._judge(conversation, peer))
            self._peers._add(peer)
            return peer

        try:
            error = await conversation.run(prepare, connected)
            return (1 if judge is None else await judge), error
        finally:
            self._conversations.discard(conversation)
            releasing = asyncio.create_task(self._release(hello, reader, judge))
            self._releasing.add(releasing)
            releasing.add_done_callback(self._releasing.discard)
            # Whoever closes the call waits for it, too.
            await asyncio.shield(releasing)

    async def _release(self, hello: _Hello, reader: asyncio.Task[None], judge: asyncio.Task[float] | None) -> None:
        if judge is not None:
            judge.cancel()
        await hello.prepared.connection.close()
        # This ends the reader.
        await delete_box(hello.box, self._options.timings)
        reader.cancel()
        await asyncio.gather(reader, *([] if judge is None else [judge]), return_exceptions=True)

    async def _read(self, box: Box, conversation: Conversation) -> None:
        try:
            async for stored in box:
                self._receive(stored, conversation)
        except Exception as error:
            conversation.fail(error)

    def _receive(self, stored: Any, conversation: Conversation) -> None:
        try:
            conversation.receive(parse_message(stored))
        except CallError as error:
            conversation.end(error)
