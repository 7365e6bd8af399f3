"""A conversation between one guest and one host."""

from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .._errors import CallError
from .encoding import from_base64url
from .keys import Key, Role
from .message import Message


def _nonce(text: str) -> bytes:
    nonce = from_base64url(text)
    assert nonce is not None
    return nonce


def _hello_cipher(key: Key, guest_nonce: str) -> AESGCM:
    return key.cipher(_nonce(guest_nonce), "hello", key.host_drop)


def seal_hello(key: Key, guest_nonce: str, value: bytes) -> dict[str, Any]:
    """Seal the guest's first message, which says where the guest can be reached."""
    hello = Message(to=key.host_drop, key=key.id, sender="guest", session=guest_nonce, n=0)
    return hello.seal(_hello_cipher(key, guest_nonce), value)


def open_hello(key: Key, message: Message) -> Any:
    """Open a guest's first message.

    It is all that an unknown guest can say, and it could be replayed to a host that has lost its memory. So the only
    safe thing to do with it is to answer.
    """
    if message.to != key.host_drop:
        raise CallError("CALL_ERR_FOREIGN")
    if message.key != key.id:
        raise CallError("CALL_ERR_KEY")
    if message.sender == "host":
        raise CallError("CALL_ERR_REFLECTED")
    if "." in message.session:
        raise CallError("CALL_ERR_FOREIGN")
    if message.n != 0:
        raise CallError("CALL_ERR_ORDER")
    return message.open(_hello_cipher(key, message.session))


class Session:
    """Seals what this side sends, and opens what the other side sent.

    The guest's end does not know the host's nonce before the host's first message, and seals nothing until then.
    """

    def __init__(self, key: Key, role: Role, *, guest_drop: str, guest_nonce: str, host_nonce: str | None = None):
        self.role = role
        self._key = key
        self._guest_drop = guest_drop
        self._guest_nonce = guest_nonce
        self._host_nonce = host_nonce
        self._sent = 0
        self._received = 0

    @property
    def id(self) -> str | None:
        return None if self._host_nonce is None else f"{self._guest_nonce}.{self._host_nonce}"

    def seal(self, value: bytes) -> dict[str, Any]:
        """Number and seal a value, which is JSON text. Store the messages in the order of these calls."""
        assert self.id is not None
        self._sent += 1
        to = self._guest_drop if self.role == "host" else self._key.host_drop
        message = Message(to=to, key=self._key.id, sender=self.role, session=self.id, n=self._sent)
        return message.seal(self._cipher(self.role, self._host_nonce), value)

    def open(self, message: Message) -> Any:
        """Open the other side's next message. Only an ending with a reason is accepted if an earlier one is missing."""
        guest_nonce, _, host_nonce = message.session.partition(".")
        ours = guest_nonce == self._guest_nonce and (not host_nonce or self._host_nonce in (None, host_nonce))
        if message.sender == self.role and ours:
            raise CallError("CALL_ERR_REFLECTED")
        if message.to != (self._key.host_drop if self.role == "host" else self._guest_drop):
            raise CallError("CALL_ERR_FOREIGN")
        if message.key != self._key.id:
            raise CallError("CALL_ERR_KEY")
        if message.sender == self.role or not ours or not host_nonce:
            raise CallError("CALL_ERR_FOREIGN")
        if message.n <= self._received:
            raise CallError("CALL_ERR_REPLAYED")
        other: Role = "guest" if self.role == "host" else "host"
        in_order = message.n == self._received + 1
        try:
            value = message.open(self._cipher(other, host_nonce))
        except CallError:
            if in_order:
                raise
            raise CallError("CALL_ERR_ORDER") from None
        if not in_order and not (isinstance(value, dict) and "ended" in value):
            raise CallError("CALL_ERR_ORDER")
        self._host_nonce = host_nonce
        self._received = message.n
        return value

    def code(self, *, opening: str, random: str, host_fingerprint: str, guest_fingerprint: str) -> str:
        """The short code that two people compare; both sides get the same digits."""
        derived = self._key.derive(
            self._salt(self._host_nonce),
            8,
            "code",
            opening,
            random,
            host_fingerprint,
            guest_fingerprint,
            self._key.host_drop,
            self._guest_drop,
        )
        return f"{int.from_bytes(derived) % 1_000_000:06d}"

    def _cipher(self, sender: Role, host_nonce: str | None) -> AESGCM:
        return self._key.cipher(self._salt(host_nonce), sender, self._key.host_drop, self._guest_drop)

    def _salt(self, host_nonce: str | None) -> bytes:
        assert host_nonce is not None
        return _nonce(self._guest_nonce) + _nonce(host_nonce)
