"""The size that an encoded picture says it has. A decoder makes room for it before it knows whether the rest is sound."""

from math import inf

_WITH_CHROMA = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}
"""The H.264 profiles whose parameters begin with the format of colours."""


def pixels_of(codec: str, data: bytes) -> float:
    """How many pixels a frame's picture has, infinity if that cannot be read, and 0 if the frame does not say so.

    Args:
        codec: the MIME type, ``video/VP8`` or ``video/H264``
    """
    match codec.lower():
        case "video/vp8":
            # RFC 6386, section 9.1: only a key frame has a size.
            if len(data) < 10 or data[0] & 1:
                return 0
            return float((int.from_bytes(data[6:8], "little") & 0x3FFF) * (int.from_bytes(data[8:10], "little") & 0x3FFF))
        case "video/h264":
            units = data.split(b"\0\0\1")
            return max((_pixels_of_parameters(unit) for unit in units if unit and unit[0] & 31 == 7), default=0)
        case _:
            return 0


def _pixels_of_parameters(unit: bytes) -> float:
    """A sequence parameter set (ITU-T H.264, section 7.3.2.1.1)."""
    try:
        bits = _Bits(unit.replace(b"\0\0\3", b"\0\0")[1:])
        profile = bits.read(8)
        bits.read(16)
        bits.number()
        if profile in _WITH_CHROMA:
            _skip_colours(bits)
        bits.number()
        order = bits.number()
        if order == 0:
            bits.number()
        elif order == 1:
            bits.read(1)
            bits.number()
            bits.number()
            for _ in range(min(bits.number(), 256)):
                bits.number()
        bits.number()
        bits.read(1)
        width, height = bits.number() + 1, bits.number() + 1
        return width * height * 256 * (2 - bits.read(1))
    except IndexError:
        return inf


def _skip_colours(bits: "_Bits") -> None:
    chroma = bits.number()
    if chroma == 3:
        bits.read(1)
    bits.number()
    bits.number()
    bits.read(1)
    if bits.read(1):
        for index in range(12 if chroma == 3 else 8):
            if bits.read(1):
                _skip_scaling(bits, 16 if index < 6 else 64)


def _skip_scaling(bits: "_Bits", size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


class _Bits:
    def __init__(self, data: bytes):
        self._data = data
        self._at = 0

    def read(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at >> 3] >> (7 - (self._at & 7)) & 1
            self._at += 1
        return value

    def number(self) -> int:
        """An Exp-Golomb code (section 9.1)."""
        zeros = 0
        while not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)

    def signed(self) -> int:
        number = self.number()
        return (number + 1) // 2 if number % 2 else -(number // 2)
