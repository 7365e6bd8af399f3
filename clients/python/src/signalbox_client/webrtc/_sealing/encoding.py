"""Bytes as text, and values as JSON."""

import base64
import re
import secrets
from typing import Any

from ..._json import read_json, to_json

__all__ = ["from_base64url", "from_json", "is_nonce", "new_nonce", "to_base64url", "to_json"]

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")


def to_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes | None:
    """The bytes, if the text is the only spelling for them that we accept: without padding, unused bits zero."""
    if _ALPHABET.fullmatch(text) is None or len(text) % 4 == 1:
        return None
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return data if to_base64url(data) == text else None


def new_nonce() -> str:
    """16 random bytes. Each side contributes one to a session, so that its keys are new."""
    return to_base64url(secrets.token_bytes(16))


def is_nonce(text: object) -> bool:
    if not isinstance(text, str) or len(text) != 22:
        return False
    return from_base64url(text) is not None


def from_json(text: bytes | str) -> Any:
    """The value of a JSON text in UTF-8. Raises a ``ValueError`` if it is none, or nested too deeply to be read."""
    try:
        return read_json(text.decode() if isinstance(text, bytes) else text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
