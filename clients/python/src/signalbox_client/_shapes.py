"""Whether a response has what the client relies on.

Something other than the box server may answer, and even the box server may answer a different request: a redirect with
301 or 302 is followed, but turns a POST into a GET.
"""

from typing import Any

from ._address import is_capability

_LARGEST = 2**53 - 1


def is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST


def is_created(value: Any) -> bool:
    return _is(value, "created") and is_capability(value.get("data")) and is_capability(value.get("drop"))


def is_cursor_ack(value: Any) -> bool:
    return _is(value, "ack") and is_count(value.get("data"))


def is_ack(value: Any) -> bool:
    return is_cursor_ack(value) and is_count(value.get("seq"))


def is_msgs(value: Any) -> bool:
    if not _is(value, "msgs") or not isinstance(value.get("data"), list):
        return False
    return is_count(value.get("next")) and value["next"] >= len(value["data"])


def is_nothing(value: Any) -> bool:
    return value is None


def _is(value: Any, type: str) -> bool:
    return isinstance(value, dict) and value.get("type") == type
