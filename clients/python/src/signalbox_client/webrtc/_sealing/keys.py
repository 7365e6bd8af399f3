"""The keys of an invite."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .encoding import to_base64url

Role: TypeAlias = Literal["host", "guest"]
"""A side of a conversation."""

LABEL = "signalbox v1"


def join(*parts: str) -> bytes:
    """Make a context string, or additional data, of its parts."""
    return "\n".join((LABEL, *parts)).encode()


@dataclass(frozen=True)
class Key:
    """The secret of an invite, and what all of its keys depend on."""

    secret: bytes = field(repr=False)
    host_drop: str = field(repr=False)
    """the drop address of the host's box"""
    id: str = field(init=False)
    """identifies the secret, and reveals nothing about it"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", to_base64url(self.derive(b"", 6, "key id")))

    def derive(self, salt: bytes, length: int, *context: str) -> bytes:
        return HKDF(algorithm=SHA256(), length=length, salt=salt, info=join(*context)).derive(self.secret)

    def cipher(self, salt: bytes, *context: str) -> AESGCM:
        return AESGCM(self.derive(salt, 32, *context))
