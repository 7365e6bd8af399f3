"""A sealed message."""

from dataclasses import dataclass
from typing import Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .._errors import CallError
from .encoding import from_base64url, from_json, is_nonce, to_base64url
from .keys import Role, join

_MEMBERS = {"v", "to", "key", "from", "session", "n", "sealed"}
_LARGEST = 2**53 - 1
_MIN_SEALED = 22
_MAX_SEALED = 699_075
"""A value of 524,288 bytes in a batch of its own."""


@dataclass(frozen=True)
class Message:
    """What the server sees, and additional data for what it does not."""

    to: str
    key: str
    sender: Role
    session: str
    n: int
    sealed: str = ""

    def seal(self, cipher: AESGCM, value: bytes) -> dict[str, Any]:
        """The message with this value, which is JSON text."""
        return {
            "v": 1,
            "to": self.to,
            "key": self.key,
            "from": self.sender,
            "session": self.session,
            "n": self.n,
            "sealed": to_base64url(cipher.encrypt(self._nonce(), value, self._additional_data())),
        }

    def open(self, cipher: AESGCM) -> Any:
        sealed = from_base64url(self.sealed)
        if sealed is None:
            raise CallError("CALL_ERR_CHANGED")
        try:
            text = cipher.decrypt(self._nonce(), sealed, self._additional_data())
        except InvalidTag:
            raise CallError("CALL_ERR_CHANGED") from None
        try:
            return from_json(text)
        except ValueError:
            raise CallError("CALL_ERR_FORMAT") from None

    def _nonce(self) -> bytes:
        return bytes(4) + self.n.to_bytes(8)

    def _additional_data(self) -> bytes:
        return join(self.to, self.key, self.sender, self.session, str(self.n))


def parse_message(value: Any) -> Message:
    """The message, if it has the right form; what is in it is not checked."""
    if not isinstance(value, dict) or not _is_number(value.get("v")):
        raise CallError("CALL_ERR_FORMAT")
    if value["v"] != 1:
        raise CallError("CALL_ERR_VERSION")
    to, key, sender, session, sealed = (value.get(name) for name in ("to", "key", "from", "session", "sealed"))
    n = _count(value.get("n"))
    if value.keys() != _MEMBERS or n is None or sender not in ("host", "guest"):
        raise CallError("CALL_ERR_FORMAT")
    if not (isinstance(to, str) and isinstance(key, str) and isinstance(session, str) and isinstance(sealed, str)):
        raise CallError("CALL_ERR_FORMAT")
    if not _is_encodable(to) or len(key) != 8 or not _is_encodable(key) or not _is_session(session):
        raise CallError("CALL_ERR_FORMAT")
    if len(sealed) < _MIN_SEALED:
        raise CallError("CALL_ERR_FORMAT")
    if len(sealed) > _MAX_SEALED:
        raise CallError("CALL_ERR_TOO_LARGE")
    return Message(to, key, cast(Role, sender), session, n, sealed)


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _count(value: Any) -> int | None:
    if not _is_number(value) or not 0 <= value <= _LARGEST or value != int(value):
        return None
    return int(value)


def _is_encodable(text: str) -> bool:
    """Whether it can be additional data: a lone surrogate has no UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _is_session(session: str) -> bool:
    nonces = session.split(".")
    return len(nonces) <= 2 and all(is_nonce(nonce) for nonce in nonces)
