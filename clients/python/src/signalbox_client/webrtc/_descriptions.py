"""What the other side may ask of a connection: descriptions and candidates within their limits."""

import re
from collections import Counter
from typing import Any

from aiortc import RTCIceCandidate, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

from ._errors import CallError
from ._sealing import to_json

_MAX_LINES = 16_384
_MAX_SECTIONS = 64
_MAX_SSRC = 2_048
_MAX_PER_SECTION = 128
_MAX_FMTP = 16_384
_MIN_MESSAGE = 49_152
_MAX_CANDIDATE = 4_096
_MAX_CANDIDATES = 100


def parse_description(value: Any) -> RTCSessionDescription:
    """The description, within the limits of docs/sealing.md. Its fingerprint is not checked."""
    if not isinstance(value, dict) or value.get("type") not in ("offer", "answer") or not isinstance(value.get("sdp"), str):
        raise CallError("CALL_ERR_FORMAT")
    sdp: str = value["sdp"]
    try:
        sdp.encode()
    except UnicodeEncodeError:
        raise CallError("CALL_ERR_DESCRIPTION") from None
    _check_limits(sdp)
    return RTCSessionDescription(sdp=sdp, type=value["type"])


def _check_limits(sdp: str) -> None:
    # aiortc ends a line wherever Python does.
    lines = sdp.splitlines()
    sections = 0
    ssrc = 0
    of_section: Counter[str] = Counter()
    formats: list[str] = []
    mapped: set[str] = set()
    fits = len(lines) <= _MAX_LINES
    for line in lines if fits else ():
        if line.startswith("m="):
            sections += 1
            of_section = Counter()
            mapped = set()
            formats = [_number_of(each) for each in line.split()[3:]]
            fits = fits and len(set(formats)) == len(formats) <= _MAX_PER_SECTION
        elif line.startswith("a=ssrc"):
            ssrc += 1
        elif line.startswith("a=rtpmap"):
            of_section["rtpmap"] += 1
            # aiortc copies what is for one format to each a=rtpmap of it.
            number = _number_of(line.partition(":")[2].strip().split(" ", 1)[0])
            fits = fits and number not in mapped
            mapped.add(number)
        elif line.startswith("a=fmtp"):
            of_section.update(fmtp=1, fmtp_size=len(line))
        elif line.startswith("a=rtcp-fb"):
            of_section["feedback_of_all" if line.startswith("a=rtcp-fb:*") else "feedback"] += 1
        elif line.startswith("a=max-message-size"):
            fits = fits and _is_message_size(line.removeprefix("a=max-message-size"))
        fits = (
            fits
            and sections <= _MAX_SECTIONS
            and ssrc <= _MAX_SSRC
            and of_section["fmtp"] <= _MAX_PER_SECTION
            and of_section["fmtp_size"] <= _MAX_FMTP
            and of_section["rtpmap"] <= _MAX_PER_SECTION
            and _feedback(of_section, formats) <= _MAX_PER_SECTION
        )
    if not fits:
        raise CallError("CALL_ERR_DESCRIPTION")


def _number_of(payload_type: str) -> str:
    # aiortc reads numbers as Python does.
    try:
        return str(int(payload_type))
    except ValueError:
        return payload_type


def _feedback(of_section: Counter[str], formats: list[str]) -> int:
    # aiortc copies what is for all formats to each a=rtpmap.
    copies = max(len(formats), of_section["rtpmap"], 1)
    return of_section["feedback"] + of_section["feedback_of_all"] * copies


def _is_message_size(text: str) -> bool:
    match = re.fullmatch(r":([0-9]{1,16})", text)
    return match is not None and not 1 <= int(match[1]) < _MIN_MESSAGE


class Candidates:
    """The other side's ICE candidates; those beyond the limit are ignored."""

    def __init__(self) -> None:
        self._taken = 0

    def limit(self, description: RTCSessionDescription) -> RTCSessionDescription:
        """The description without the candidates beyond the limit."""
        lines = [line for line in description.sdp.splitlines() if not line.startswith("a=candidate") or self._takes(line)]
        return RTCSessionDescription(sdp="\r\n".join((*lines, "")), type=description.type)

    def parse(self, value: Any) -> RTCIceCandidate | None:
        """The candidate, or None if it is to be ignored."""
        if not isinstance(value, dict) or not all(type(member) in (str, int, float, type(None)) for member in value.values()):
            return None
        text, mid, index = value.get("candidate"), value.get("sdpMid"), value.get("sdpMLineIndex")
        if not isinstance(text, str) or text == "":
            return None
        try:
            # A number that was too large for Python has no JSON text.
            if not self._takes(to_json(value).decode()):
                return None
            candidate = candidate_from_sdp(text.removeprefix("candidate:"))
        except (AssertionError, IndexError, ValueError):
            return None
        candidate.sdpMid = mid if isinstance(mid, str) else None
        candidate.sdpMLineIndex = index if type(index) is int else None
        return None if candidate.sdpMid is None and candidate.sdpMLineIndex is None else candidate

    def _takes(self, text: str) -> bool:
        if len(text) > _MAX_CANDIDATE or self._taken == _MAX_CANDIDATES:
            return False
        self._taken += 1
        return True


def ice_user(sdp: str) -> str | None:
    """The first ``a=ice-ufrag``. It changes when ICE is restarted."""
    match = re.search(r"^a=ice-ufrag:(\S+)", sdp, re.MULTILINE)
    return None if match is None else match[1]


def directions(sdp: str) -> dict[str, str]:
    """The direction of each media section, by its mid."""
    found = {}
    for section in re.split(r"^m=", sdp, flags=re.MULTILINE)[1:]:
        mid = re.search(r"^a=mid:(\S+)", section, re.MULTILINE)
        direction = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", section, re.MULTILINE)
        if mid is not None:
            found[mid[1]] = "sendrecv" if direction is None else direction[1]
    return found
