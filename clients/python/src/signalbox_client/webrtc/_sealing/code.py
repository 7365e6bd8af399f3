"""The short code that two people compare, and what it depends on."""

import hashlib
import re

from .._errors import CallError
from .encoding import is_nonce, to_base64url
from .keys import join

_LINE_END = re.compile(r"\r?\n")
_FINGERPRINT = re.compile(
    r"a=fingerprint:((?:sha-256 (?:[0-9A-F]{2}:){31}|sha-384 (?:[0-9A-F]{2}:){47}|sha-512 (?:[0-9A-F]{2}:){63})[0-9A-F]{2})"
)


def commit(opening: str, guest_fingerprint: str) -> str:
    """How the guest commits to its opening and its fingerprint before it knows the host's."""
    return to_base64url(hashlib.sha256(join("commitment", opening, guest_fingerprint)).digest())


def check_commitment(commitment: str, opening: object, guest_fingerprint: str) -> str:
    """The opening, if it has the right form and matches the commitment."""
    if not isinstance(opening, str) or not is_nonce(opening) or commit(opening, guest_fingerprint) != commitment:
        raise CallError("CALL_ERR_FINGERPRINT")
    return opening


def check_random(random: object) -> str:
    """The host's random number, if it has the right form."""
    if not isinstance(random, str) or not is_nonce(random):
        raise CallError("CALL_ERR_FORMAT")
    return random


def fingerprint(sdp: str) -> str:
    """The fingerprints of a description: all distinct ones, sorted and joined by commas.

    A line that names one in any other form makes the description unacceptable: it could be the line that is used.
    """
    found = set()
    for line in _LINE_END.split(sdp):
        if "fingerprint" not in line.lower():
            continue
        match = _FINGERPRINT.fullmatch(line)
        if match is None:
            raise CallError("CALL_ERR_FINGERPRINT")
        found.add(match[1])
    if not found:
        raise CallError("CALL_ERR_FINGERPRINT")
    return ",".join(sorted(found))
