"""What a box raises."""

from .operations.errors import BoxError

__all__ = ["BoxClosedError", "BoxError", "ResponseTooLargeError", "UnreachableError", "UnreadableMessageError"]


class UnreachableError(ConnectionError):
    """The server could not be reached, or did not respond in time or in full. ``__cause__`` says more."""


class ResponseTooLargeError(Exception):
    """A response, or an event of the stream, is larger than ``max_response_bytes``.

    It is not requested again, since the next response would be as large.
    """

    def __init__(self, what: str, limit: int):
        super().__init__(f"{what} is larger than {limit} bytes. To accept it, raise the option 'max_response_bytes'.")


class UnreadableMessageError(ValueError):
    """A message is nested more deeply than Python's recursion limit lets it be read.

    Attributes:
        seq: its sequence number; None if it is one of several that were read together
    """

    def __init__(self, seq: int | None = None):
        self.seq = seq
        which = "A message" if seq is None else f"Message {seq}"
        super().__init__(f"{which} is nested too deeply to be read. To go on without it, acknowledge its number.")


class BoxClosedError(Exception):
    """The box was closed while the call was waiting, or before it."""

    def __init__(self) -> None:
        super().__init__("The box was closed")
