"""Seals the signaling of a call, so that the server that carries it cannot read it, or change it unnoticed.

It follows docs/sealing.md, whose test vectors its tests check.
"""

from .code import check_commitment, check_random, commit, fingerprint
from .encoding import from_base64url, from_json, is_nonce, new_nonce, to_base64url, to_json
from .invite import Invite, check_page, new_invite, parse_invite
from .keys import Key, Role
from .message import Message, parse_message
from .session import Session, open_hello, seal_hello

__all__ = [
    "Invite",
    "Key",
    "Message",
    "Role",
    "Session",
    "check_commitment",
    "check_page",
    "check_random",
    "commit",
    "fingerprint",
    "from_base64url",
    "from_json",
    "is_nonce",
    "new_invite",
    "new_nonce",
    "open_hello",
    "parse_invite",
    "parse_message",
    "seal_hello",
    "to_base64url",
    "to_json",
]
