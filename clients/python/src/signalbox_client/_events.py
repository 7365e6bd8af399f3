"""The parser of the event stream."""

import codecs
import re
from dataclasses import dataclass

from .errors import ResponseTooLargeError

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Event:
    """An event of an event stream."""

    type: str
    """the ``event`` field; ``message`` if absent"""
    data: str
    """the ``data`` fields, joined by line feeds"""
    id: str
    """the most recent ``id`` of the stream; empty before the first"""


class EventParser:
    """Parses the bytes of an event stream, in chunks of any size.

    It follows the WHATWG HTML standard, "Server-sent events", section 9.2.6: UTF-8 with an optional byte order mark;
    lines that end in CR LF, CR or LF; an event at every empty line. An incomplete event at the end is discarded.
    ``retry`` is ignored: the reader has its own backoff.

    The well-known parser, httpx-sse, does not limit an event's length, and hides the comments by which a reader knows
    that the connection is alive.
    """

    def __init__(self, max_event: int):
        """``max_event``: the longest event accepted, in characters, so that an endless one cannot fill the memory."""
        self._max_event = max_event
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._line: list[str] = []
        self._line_length = 0
        self._ended_in_cr = False
        self._type = ""
        self._data: list[str] = []
        self._data_length = 0
        self._id = ""

    def push(self, chunk: bytes) -> list[Event]:
        """Take the next bytes and return the events they complete."""
        text = self._decoder.decode(chunk)
        if text == "":
            return []
        # A CR ends its line at once, so an LF at the start of the next chunk belongs to it.
        if self._ended_in_cr and text.startswith("\n"):
            text = text[1:]
            self._ended_in_cr = False
        if text == "":
            return []
        self._ended_in_cr = text.endswith("\r")

        *lines, rest = _LINE_END.split(text)
        if lines:
            lines[0] = "".join([*self._line, lines[0]])
            self._line, self._line_length = [], 0
        self._line.append(rest)
        self._line_length += len(rest)

        events: list[Event] = []
        for line in lines:
            if line != "":
                self._field(line)
                continue
            if self._data:
                events.append(Event(self._type or "message", "\n".join(self._data), self._id))
            self._type, self._data, self._data_length = "", [], 0
        if self._line_length + self._data_length > self._max_event:
            raise ResponseTooLargeError("An event of the stream", self._max_event)
        return events

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            self._data_length += len(value) + 1
        elif name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self._id = value
