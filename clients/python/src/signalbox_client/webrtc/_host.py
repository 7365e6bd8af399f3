"""The host's side of a call."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiortc import RTCIceServer

from .._address import base_url, is_capability
from .._box import Box
from .._http import Headers
from ._agreement import Agreement
from ._attempts import Attempts
from ._call import Call, Opening, Options, Refused, delete_box, participant, with_timeout
from ._connection import Prepare, Prepared
from ._control import Hold
from ._conversation import Conversation
from ._errors import CallError, as_call_error
from ._ice_servers import IceServers
from ._negotiation import Negotiation
from ._peer import Peer
from ._sealing import Session, check_page, is_nonce, new_invite, new_nonce, open_hello, parse_message
from ._timings import DEFAULT_TIMINGS

_MAX_SESSIONS = 4_096
_MAX_REFUSALS = 16
"""How many guests are told at a time that they are turned away: a flood of hellos must not cause a flood of messages."""


def host(
    server: str,
    *,
    page: str | None = None,
    max_guests: int = 16,
    prepare: Prepare | None = None,
    refused: Refused | None = None,
    ice_servers: Sequence[RTCIceServer] | None = None,
    timeout: float | None = None,
    compare: bool = True,
    headers: Headers | None = None,
) -> Opening["HostedCall"]:
    """Host a call: ``async with host(server) as call``, or ``call = await host(server)``.

    Args:
        server: the base URL of the box routes, such as ``https://example.com/prefix``
        page: the page that the invite opens; by default, the one at the base of the box routes
        max_guests: the maximum number of guests at a time
        prepare: called with each new connection before it is negotiated: add tracks, and listen for theirs
        refused: called with a ``CallError`` for each guest or message that is refused, and the guest's id, if it is known
        ice_servers: by default, those that the server offers to anyone who has the invite
        timeout: how long to wait for the other side to answer, in seconds; 30 by default
        compare: False if nobody compares codes: then attempts to join are not counted
        headers: sent with every request, or a function that returns them

    Raises:
        ValueError: if an option is not valid
        CallError: if the server cannot be reached, or refuses
    """
    if max_guests < 1:
        raise ValueError("The option 'max_guests' must be at least 1")
    if page is not None:
        check_page(page)
    options = Options(prepare, refused, ice_servers, compare, headers, with_timeout(DEFAULT_TIMINGS, timeout))
    return Opening(open_host(base_url(server), page, max_guests, options))


async def open_host(server: str, page: str | None, max_guests: int, options: Options) -> "HostedCall":
    try:
        box = await Box.create(server, headers=options.headers)
    except Exception as error:
        raise as_call_error(error) or error from error
    call = HostedCall(box, server, f"{server}/" if page is None else page, max_guests, options)
    call._spawn(call._listen())
    return call


def read_hello(value: Any, own_id: str) -> tuple[str, str, str]:
    """A guest's drop address, its commitment and its id, from the value of its hello."""
    members = value if isinstance(value, dict) else {}
    drop = members.get("drop")
    if not (isinstance(drop, str) and is_capability(drop) and drop.startswith("drop_")):
        raise CallError("CALL_ERR_FORMAT")
    hello = members.get("hello")
    about = hello if isinstance(hello, dict) else {}
    # Without a commitment, or with a wrong one, the guest's opening is refused.
    commitment, name = about.get("commitment"), about.get("self")
    id = participant(name if isinstance(name, str) and is_nonce(name) else drop)
    if id == own_id:
        raise CallError("CALL_ERR_FOREIGN")
    return drop, commitment if isinstance(commitment, str) else "", id


class HostedCall(Call):
    """The host's call."""

    def __init__(self, box: Box, server: str, page: str, max_guests: int, options: Options):
        """Internal: use ``host``."""
        invite = new_invite(server, box.drop_link.rpartition("/")[2])
        self._key = invite.key
        super().__init__(participant(self._key.host_drop), options)
        self._server = server
        self._link = invite.link(page)
        self._box = box
        self._max_guests = max_guests
        self._attempts = Attempts(options.timings.forget, enabled=options.compare)
        self._ice = IceServers(
            options.ice_servers,
            server,
            box.link.rpartition("/")[2],
            headers=options.headers,
            timeout=options.timings.ice_servers,
        )
        self._sessions: dict[str, str] = {}
        """each guest's nonce, with the id of its session"""
        self._open: dict[str, Conversation] = {}
        self._guests: set[Conversation] = set()
        self._failure: CallError | None = None

    @property
    def invite(self) -> str:
        """The link that opens the call. Whoever has it can join."""
        return self._link

    async def _stop(self) -> None:
        try:
            # This ends the reading.
            await delete_box(self._box, self._options.timings)
        finally:
            await super()._stop()

    async def _listen(self) -> None:
        try:
            async for message in self._box:
                self._take(message)
        except Exception as error:
            translated = as_call_error(error)
            if translated is None:
                raise
            self._fail(translated)

    def _fail(self, error: CallError) -> None:
        """Nobody else can join. Who is connected stays so."""
        self._failure = error
        if not self._guests:
            self._peers._finish(error)

    def _take(self, stored: Any) -> None:
        try:
            message = parse_message(stored)
            conversation = self._open.get(message.session)
            if conversation is not None:
                conversation.receive(message)
                return
            nonce = message.session.partition(".")[0]
            if self._sessions.get(nonce) == message.session:
                return  # of a session that has ended
            self._greet(nonce, open_hello(self._key, message))
        except CallError as error:
            self._refuse(error)

    def _greet(self, nonce: str, value: Any) -> None:
        drop, commitment, id = read_hello(value, self.id)
        earlier = self._sessions.get(nonce)
        if earlier is not None:
            error = CallError("CALL_ERR_REPLAYED")
            if earlier in self._open:
                self._open[earlier].end(error)
            raise error
        # At once: what comes next may be the same hello again.
        session = Session(self._key, "host", guest_drop=drop, guest_nonce=nonce, host_nonce=new_nonce())
        assert session.id is not None
        refusal = None
        try:
            self._admit(nonce, session.id)
        except CallError as error:
            refusal = error
            if len(self._open) - len(self._guests) >= _MAX_REFUSALS:
                self._refuse(refusal, id)
                return
        box = Box.open(drop, server=self._server, headers=self._options.headers)
        conversation = Conversation(session, box.send, self._options.timings)
        if refusal is None:
            self._guests.add(conversation)
        else:
            conversation.end(refusal)
        self._open[session.id] = conversation
        self._conversations.add(conversation)
        self._spawn(self._serve(box, session, conversation, commitment, id))

    async def _serve(self, box: Box, session: Session, conversation: Conversation, commitment: str, id: str) -> None:
        assert session.id is not None
        begun = judged = False
        async with box:

            async def prepare() -> tuple[Prepared, Agreement]:
                nonlocal begun
                await self._take_turn(conversation)
                begun = True
                prepared = await Prepared.create(await self._ice.get(), self._options.prepare)
                return prepared, Agreement("host", session, prepared.fingerprint, commitment=commitment)

            def connected(code: str, prepared: Prepared, hold: Hold, negotiation: Negotiation) -> Peer:
                nonlocal judged
                judged = True
                peer = Peer(
                    id,
                    is_host=False,
                    connection=prepared.connection,
                    hold=hold,
                    code=code,
                    negotiate=negotiation.negotiate,
                    close=conversation.close,
                )
                self._spawn(self._count(conversation, peer))
                self._peers._add(peer)
                return peer

            try:
                error = await conversation.run(prepare, connected)
            finally:
                del self._open[session.id]
                self._conversations.discard(conversation)
                self._guests.discard(conversation)
                if begun and not judged:
                    self._end_attempt(1 if conversation.offered else 0, id)
        if error is not None and conversation.peer is None:
            self._refuse(error, id)
        if self._failure is not None:
            self._fail(self._failure)

    def _admit(self, nonce: str, session: str) -> None:
        """Remember a guest, or raise the ``CallError`` with which it is turned away."""
        if len(self._sessions) >= _MAX_SESSIONS:
            raise CallError("CALL_ERR_USED_UP")
        self._sessions[nonce] = session
        if len(self._guests) >= self._max_guests:
            raise CallError("CALL_ERR_FULL")
        self._attempts.check()

    async def _take_turn(self, conversation: Conversation) -> None:
        """Wait until another attempt may begin."""
        doubtful = self._attempts.may_lack_a_guest
        while not self._attempts.begin():
            await conversation.say_waiting()
            doubtful = False
            try:
                async with asyncio.timeout(self._options.timings.waiting):
                    await self._attempts.wait_changed()
            except TimeoutError:
                continue
        if doubtful:
            try:
                await conversation.say_waiting()
            except BaseException:
                self._attempts.end(0)
                raise

    async def _count(self, conversation: Conversation, peer: Peer) -> None:
        cost = 1.0
        try:
            cost = await self._judge(conversation, peer)
        finally:
            self._end_attempt(cost, peer.id)

    def _end_attempt(self, cost: float, id: str) -> None:
        self._attempts.end(cost)
        if cost > 0:
            try:
                self._attempts.check()
            except CallError as error:
                self._refuse(error, id)
