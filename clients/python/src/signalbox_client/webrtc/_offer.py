"""Later offers in aiortc.

aiortc numbers the formats and header extensions of each offer anew. Browsers refuse an offer that gives a number that is
in use another meaning, so an offer here keeps the sections that have been negotiated, and numbers those that are new
around them. aiortc takes the numbers it uses from the answer.
"""

import re

from aiortc import RTCPeerConnection, RTCSessionDescription

_FORMATS = range(96, 128)
_EXTENSIONS = range(1, 15)
_RENEWED = re.compile(r"a=(?:sendrecv|sendonly|recvonly|inactive|msid:.*|setup:.*)$")


class Section:
    """A media section, as lines."""

    def __init__(self, lines: list[str]):
        self.lines = lines
        self.mid = next((line[6:] for line in lines if line.startswith("a=mid:")), None)

    def named(self, name: str) -> dict[str, str]:
        """The values of an attribute by the number that each begins with."""
        pairs = (line.removeprefix(f"a={name}:").partition(" ") for line in self.lines if line.startswith(f"a={name}:"))
        return {number: value for number, _, value in pairs}

    def formats(self) -> dict[str, tuple[str, ...]]:
        """Each number of a format with what it means, in numbers of no format."""
        names, parameters = self.named("rtpmap"), self.named("fmtp")
        found: dict[str, tuple[str, ...]] = {}
        for number, name in names.items():
            base = re.fullmatch(r"apt=(\d+)", parameters.get(number, ""))
            if base is None:
                found[number] = (name.lower(), parameters.get(number, ""))
            else:
                found[number] = (name.lower(), names.get(base[1], "").lower(), parameters.get(base[1], ""))
        return found

    def extensions(self) -> dict[str, tuple[str, ...]]:
        """Each number of a header extension with what it means."""
        return {number: (uri,) for number, uri in self.named("extmap").items()}


async def create_offer(connection: RTCPeerConnection) -> RTCSessionDescription:
    """An offer that is compatible with what has been negotiated."""
    negotiated = [(each, each._codecs, each._headerExtensions) for each in connection.getTransceivers() if each.mid is not None]
    offer = await connection.createOffer()
    for transceiver, codecs, extensions in negotiated:
        # aiortc has put its defaults there, and would receive with them if it is only about to begin.
        transceiver._codecs, transceiver._headerExtensions = codecs, extensions
    local, remote = connection.localDescription, connection.remoteDescription
    if local is None or remote is None:
        return offer
    # What the other side only offered may still be in its mind.
    earlier = [*_split(remote.sdp)[1], *_split(local.sdp)[1]]
    described = {section.mid: section for section in _split(local.sdp)[1]}
    head, sections = _split(offer.sdp)
    made = [
        _renewed(described[section.mid], section) if section.mid in described else _renumbered(section, earlier)
        for section in sections
    ]
    lines = [*head, *(line for section in made for line in section)]
    return RTCSessionDescription(sdp="\r\n".join((*lines, "")), type=offer.type)


def _split(sdp: str) -> tuple[list[str], list[Section]]:
    parts: list[list[str]] = [[]]
    for line in sdp.splitlines():
        if line.startswith("m="):
            parts.append([])
        parts[-1].append(line)
    return parts[0], [Section(part) for part in parts[1:]]


def _renewed(negotiated: Section, wanted: Section) -> list[str]:
    """The section as negotiated, with the direction and the track that are wanted now."""
    kept = [line for line in negotiated.lines if not _RENEWED.match(line)]
    return [*kept, *(line for line in wanted.lines if _RENEWED.match(line))]


def _renumbered(section: Section, earlier: list[Section]) -> list[str]:
    formats = {number: meaning for other in earlier for number, meaning in other.formats().items()}
    changed = _assign(section.formats(), formats, list(map(str, _FORMATS)))
    extensions = {number: meaning for other in earlier for number, meaning in other.extensions().items()}
    moved = _assign(section.extensions(), extensions, list(map(str, _EXTENSIONS)))
    earlier.append(Section(lines := [_rewrite(line, changed, moved) for line in section.lines]))
    return lines


def _assign(wanted: dict[str, tuple[str, ...]], used: dict[str, tuple[str, ...]], free: list[str]) -> dict[str, str]:
    """A number for each meaning: the one it has, or its own if that is free, or the first free one."""
    known = {meaning: number for number, meaning in used.items()}
    taken = set(used)
    chosen = {}
    for number, meaning in wanted.items():
        if number not in free:
            chosen[number] = number  # has one meaning for everyone
        elif meaning in known:
            chosen[number] = known[meaning]
        elif number not in taken:
            chosen[number] = number
        else:
            chosen[number] = next((other for other in free if other not in taken and other not in wanted), number)
        taken.add(chosen[number])
    return chosen


def _rewrite(line: str, formats: dict[str, str], extensions: dict[str, str]) -> str:
    if line.startswith(("m=audio", "m=video")):
        kind, port, profile, *numbers = line.split(" ")
        return " ".join((kind, port, profile, *(formats.get(number, number) for number in numbers)))
    if line.startswith("a=extmap:"):
        number, _, rest = line.removeprefix("a=extmap:").partition(" ")
        return f"a=extmap:{extensions.get(number, number)} {rest}"
    match = re.fullmatch(r"(a=(?:rtpmap|fmtp|rtcp-fb):)(\d+)( .*)", line)
    if match is None:
        return line
    rest = re.sub(r"(?<= apt=)\d+$", lambda base: formats.get(base[0], base[0]), match[3])
    return f"{match[1]}{formats.get(match[2], match[2])}{rest}"
