"""JSON texts of any depth: ``json.loads`` gives up at Python's recursion limit, which a stranger's message may exceed."""

import json
import re
from typing import Any, NoReturn

_TOKEN = re.compile(r'[ \t\n\r]*(?:([\[\]{},:])|("[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+"|[^\s\[\]{},:"]+))')


def from_json(text: str | bytes) -> Any:
    """The value of a JSON text. Raises a ``ValueError`` if it is none."""
    if isinstance(text, bytes):
        text = text.decode()
    try:
        return read_json(text)
    except RecursionError:
        return _Reader().read(text)


def read_json(text: str) -> Any:
    """The same, as far as Python's recursion limit allows."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # An integer of more digits than Python converts.
        return json.loads(text, parse_constant=_refuse, parse_int=_as_number)


def to_json(value: Any) -> bytes:
    """The JSON text of a value. Raises a ``TypeError`` or ``ValueError`` if it has none."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        raise ValueError("The message is nested too deeply to be sent") from None
    try:
        return text.encode()
    except UnicodeEncodeError:
        # A lone surrogate, which only an escape can express.
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def _refuse(constant: str) -> NoReturn:
    # Python would accept them.
    raise ValueError(f"{constant} is not JSON")


def _as_number(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:
        return float(digits)


class _Reader:
    """Reads a text token by token, with a list of what is open in place of the call stack."""

    def __init__(self) -> None:
        self._root: list[Any] = []
        self._in: list[Any] | dict[str, Any] = self._root
        self._around: list[list[Any] | dict[str, Any]] = []
        self._key = ""
        self._expects = "value"

    def read(self, text: str) -> Any:
        position = 0
        text = text.rstrip(" \t\n\r")
        while position < len(text):
            token = _TOKEN.match(text, position)
            if token is None or (self._root and not self._around):
                raise ValueError("This is not JSON")
            position = token.end()
            mark, scalar = token.groups()
            if scalar is None:
                self._mark(mark)
            else:
                self._scalar(scalar)
        if len(self._root) != 1 or self._around:
            raise ValueError("This is not JSON")
        return self._root[0]

    def _scalar(self, text: str) -> None:
        value = read_json(text)
        if "value" in self._expects:
            self._put(value)
            self._expects = "next"
        elif "key" in self._expects and isinstance(value, str):
            self._key = value
            self._expects = ":"
        else:
            raise ValueError("This is not JSON")

    def _mark(self, mark: str) -> None:
        if mark in "[{" and "value" in self._expects:
            inner: list[Any] | dict[str, Any] = [] if mark == "[" else {}
            self._put(inner)
            self._around.append(self._in)
            self._in = inner
            self._expects = "value or end" if mark == "[" else "key or end"
        elif mark in "]}" and self._expects in ("next", "value or end", "key or end") and self._closes(mark):
            self._in = self._around.pop()
            self._expects = "next"
        elif mark == "," and self._expects == "next" and self._around:
            self._expects = "value" if isinstance(self._in, list) else "key"
        elif mark == ":" and self._expects == ":":
            self._expects = "value"
        else:
            raise ValueError("This is not JSON")

    def _closes(self, mark: str) -> bool:
        return bool(self._around) and isinstance(self._in, list) == (mark == "]")

    def _put(self, value: Any) -> None:
        if isinstance(self._in, list):
            self._in.append(value)
        else:
            self._in[self._key] = value
