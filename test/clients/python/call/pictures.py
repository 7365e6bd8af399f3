"""Encoded pictures that consist of little more than their size."""

H264 = b"\0\0\1\x67"
"""The start of an H.264 parameter set."""


def vp8(width: int, height: int) -> bytes:
    return b"\x10\0\0\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little")


def number(value: int) -> str:
    """An Exp-Golomb code, in binary digits."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def to_bytes(bits: str) -> bytes:
    return bytes(int(bits[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8))
