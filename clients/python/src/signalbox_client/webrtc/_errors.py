"""What a call raises."""

from typing import Final

from ..errors import BoxError, ResponseTooLargeError, SignalboxError, UnreachableError

_NEW_INVITE: Final = "Use a new invite, sent another way."

# The same codes and texts as in TypeScript, except for what only a page can meet, and for advice about an RTCPeerConnection. The first group means that a link or a
# network does not work. The second means that a message was refused: an honest server passes messages on unchanged, so
# the cause is a dishonest server or someone with another link.
TEXTS: Final[dict[str, str]] = {
    "CALL_ERR_INVITE": "This link is not a valid invite, or it leads to another server. Ask for it again, and copy the whole link.",
    "CALL_ERR_INVITE_VERSION": "This invite was made by a newer version. Reload the page or update this program.",
    "CALL_ERR_KEY": "The key in this link is wrong: the link was altered or cut off, or it belongs to another call. Ask for it again, and copy the whole link.",
    "CALL_ERR_GONE": "This invite is no longer valid: the call was ended, or the invite went unused for too long. Ask for a new one.",
    "CALL_ERR_NO_PEER": "The other side did not answer. Make sure that its page or program is open, then try again.",
    "CALL_ERR_NO_PATH": "No network path to the other side was found, and there was no TURN server to relay the call. Try another network, or set up a TURN server.",
    "CALL_ERR_NO_PATH_WITH_TURN": "No network path to the other side was found, not even through the TURN server. Try another network, or check the TURN server.",
    "CALL_ERR_LOST": "The connection to the other side was lost and could not be restored. Check your network, then join again.",
    "CALL_ERR_UNVERIFIED": "This program cannot check whose certificate the connection uses, so a code would prove nothing. Update this program.",
    "CALL_ERR_DESCRIPTION": "The two sides offer incompatible connections. Update the browser or program on both sides.",
    "CALL_ERR_TOO_LARGE": "A message is too large for the server or for the other side. Send less at once.",
    "CALL_ERR_SERVER": "The server cannot be reached or is not responding as it should. Check your network, then try again later.",
    "CALL_ERR_FULL": "This call is full, or too many messages are waiting. Try again later.",
    "CALL_ERR_ATTEMPTS": "There were too many attempts to join with this invite, so it accepts no new guests for now. Try again in ten minutes, or use a new invite.",
    "CALL_ERR_USED_UP": "This invite has been used too many times and accepts no new guests. A new invite is needed.",
    "CALL_ERR_CLOSED": "The conversation has ended. To continue, join again or ask for a new invite.",
    "CALL_ERR_FORMAT": f"A message was refused: it is malformed. {_NEW_INVITE}",
    "CALL_ERR_VERSION": "A message was refused: its protocol version is unknown. Reload the page or update the program on both sides.",
    "CALL_ERR_CHANGED": f"A message was refused: it was altered in transit. {_NEW_INVITE}",
    "CALL_ERR_REPLAYED": f"A message was refused: it had already been received. {_NEW_INVITE}",
    "CALL_ERR_ORDER": f"A message was refused: an earlier one is missing, or the order was changed. {_NEW_INVITE}",
    "CALL_ERR_REFLECTED": f"A message was refused: it is one of our own, sent back. {_NEW_INVITE}",
    "CALL_ERR_FOREIGN": f"A message was refused: it belongs to another conversation. {_NEW_INVITE}",
    "CALL_ERR_FINGERPRINT": f"The other side is not who it claimed to be: its DTLS fingerprint does not match. {_NEW_INVITE}",
}


class CallError(SignalboxError):
    """Why a call, or the connection to a peer, ended or did not come about.

    ``str(error)`` says what happened and what to do, and can be shown to people.

    Attributes:
        code: identifies the error, such as ``CALL_ERR_NO_PATH``
    """

    def __init__(self, code: str):
        super().__init__(TEXTS[code])
        self.code = code

    def __reduce__(self) -> tuple[type["CallError"], tuple[str]]:
        return CallError, (self.code,)


_TOLD = {
    "CALL_ERR_FULL",
    "CALL_ERR_ATTEMPTS",
    "CALL_ERR_USED_UP",
    "CALL_ERR_TOO_LARGE",
    "CALL_ERR_DESCRIPTION",
    "CALL_ERR_LOST",
    "CALL_ERR_NO_PATH",
    "CALL_ERR_NO_PATH_WITH_TURN",
    "CALL_ERR_GONE",
    "CALL_ERR_SERVER",
}


def code_to_tell(code: object) -> str:
    """What two sides tell each other: the other side need not know every reason, and may name anything."""
    return code if isinstance(code, str) and code in _TOLD else "CALL_ERR_CLOSED"


def as_call_error(error: Exception) -> CallError | None:
    """Translate an error of a box; None if it is something else."""
    if isinstance(error, CallError):
        return error
    if not isinstance(error, (BoxError, ResponseTooLargeError, UnreachableError)):
        return None
    # Any other 404 means that the URL leads to something other than box routes.
    if isinstance(error, BoxError) and error.code == "BOX_ERR_NOT_FOUND":
        code = "CALL_ERR_GONE"
    elif isinstance(error, BoxError) and error.status == 413:
        code = "CALL_ERR_TOO_LARGE"
    else:
        code = "CALL_ERR_SERVER"
    translated = CallError(code)
    translated.__cause__ = error
    return translated


def is_only_signaling(error: CallError | None) -> bool:
    """Signaling may fail, with its box or its server, while the connection lives on."""
    return error is not None and error.code in ("CALL_ERR_GONE", "CALL_ERR_SERVER")
