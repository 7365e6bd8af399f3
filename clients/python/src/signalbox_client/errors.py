"""What a box raises."""

from .operations.errors import BoxError, SignalboxError

__all__ = ["BoxClosedError", "BoxError", "ResponseTooLargeError", "SignalboxError", "UnreachableError"]


class UnreachableError(SignalboxError, ConnectionError):
    """The server could not be reached, or did not respond in time or in full. ``__cause__`` says more."""


class ResponseTooLargeError(SignalboxError):
    """A response, or an event of the stream, is larger than ``max_response_bytes``.

    It is not requested again, since the next response would be as large.
    """

    def __init__(self, what: str, limit: int):
        super().__init__(f"{what} is larger than {limit} bytes. To accept it, raise the option 'max_response_bytes'.")


class BoxClosedError(SignalboxError):
    """The box was closed while the call was waiting, or before it."""

    def __init__(self) -> None:
        super().__init__("The box was closed")
