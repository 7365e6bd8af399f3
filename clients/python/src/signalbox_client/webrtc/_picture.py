"""The size that an encoded picture says it has. A decoder makes room for it before it knows whether the rest is sound."""

import re
from math import inf

_WITH_CHROMA = {44, 83, 86, 100, 110, 118, 122, 128, 138, 144, 244}
"""The H.264 profiles whose parameters begin with the format of colours, for FFmpeg, which decodes them."""
_PARAMETERS = re.compile(rb"\x00\x00\x01[\x07\x27\x47\x67\x87\xa7\xc7\xe7]")
"""The start of an H.264 sequence parameter set. The upper three bits are not its type's."""
_MAX_SETS = 16
_MAX_SET = 1_024
"""How many bytes of a set are read. What comes before the size takes less than half of that in a real one."""
_MAX_ZEROS = 32


def pixels_of(codec: str, data: bytes) -> float:
    """How many pixels a frame's picture has, infinity if that cannot be read, and 0 if the frame does not say so.

    Pictures that are not in the only format that calls use, 8 bits and 4:2:0, have infinitely many.

    Args:
        codec: the MIME type, ``video/VP8`` or ``video/H264``
    """
    match codec.lower():
        case "video/vp8":
            # RFC 6386, section 9.1: only a key frame has a size.
            if len(data) < 10 or data[0] & 1:
                return 0
            width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8))
            return _in_memory(width) * height
        case "video/h264":
            pixels = 0.0
            for index, found in enumerate(_PARAMETERS.finditer(data)):
                if index == _MAX_SETS:
                    return inf
                start = found.end()
                pixels = max(pixels, _pixels_of_parameters(data[start : start + _MAX_SET].partition(b"\0\0\1")[0]))
            return pixels
        case _:
            return 0


_MAX_ORDER_CYCLE = 255
"""The standard's, in section 7.4.2.1.1."""


def _pixels_of_parameters(unit: bytes) -> float:
    """A sequence parameter set (ITU-T H.264, section 7.3.2.1.1), without its first byte."""
    try:
        bits = _Bits(unit.replace(b"\0\0\3", b"\0\0"))
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
            cycle = bits.number()
            if cycle > _MAX_ORDER_CYCLE:
                return inf
            for _ in range(cycle):
                bits.number()
        bits.number()
        bits.read(1)
        width, height = (bits.number() + 1) * 16, (bits.number() + 1) * 16
        return _in_memory(width) * height * (2 - bits.read(1))
    except (IndexError, ValueError):
        return inf


def _in_memory(width: int) -> int:
    # FFmpeg makes room for lines of a multiple of 64.
    return (width + 63) // 64 * 64


def _skip_colours(bits: "_Bits") -> None:
    # The format of colours, and the bits beyond 8 of brightness and colours.
    if (bits.number(), bits.number(), bits.number()) != (1, 0, 0):
        raise ValueError("Not 4:2:0 with 8 bits")
    bits.read(1)
    if bits.read(1):
        for index in range(8):
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
            if zeros == _MAX_ZEROS:
                raise ValueError("Too large")
        return (1 << zeros) - 1 + self.read(zeros)

    def signed(self) -> int:
        number = self.number()
        return (number + 1) // 2 if number % 2 else -(number // 2)
