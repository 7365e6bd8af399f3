"""What the two sides agree on in their first exchange; see docs/sealing.md."""

from typing import Any

from ._errors import CallError
from ._sealing import Role, Session, check_commitment, check_random, commit, fingerprint, new_nonce


class Agreement:
    """Each side's fingerprint and share of the short code. Once it is reached, nothing that comes later changes it."""

    def __init__(self, role: Role, session: Session, own_fingerprint: str, *, commitment: str = "", opening: str = ""):
        self.role = role
        self.other_fingerprint: str | None = None
        self.code: str | None = None
        self._session = session
        self._own = own_fingerprint
        self._commitment = commitment
        self._opening = opening
        self._random = new_nonce() if role == "host" else ""

    def share(self) -> dict[str, Any]:
        """The members that go beside this side's first description."""
        return {"random": self._random} if self.role == "host" else {"opening": self._opening}

    def take(self, value: dict[str, Any], kind: str, sdp: str) -> None:
        """Take a description of the other side. Raises a ``CallError`` if it is not the agreed one's successor."""
        found = fingerprint(sdp)
        if self.other_fingerprint is not None:
            if found != self.other_fingerprint:
                raise CallError("CALL_ERR_FINGERPRINT")
            return
        # Anything else as the first description ends the call.
        if kind != ("answer" if self.role == "host" else "offer"):
            raise CallError("CALL_ERR_FORMAT")
        if self.role == "host":
            opening, random = check_commitment(self._commitment, value.get("opening"), found), self._random
            host, guest = self._own, found
        else:
            opening, random = self._opening, check_random(value.get("random"))
            host, guest = found, self._own
        self.other_fingerprint = found
        self.code = self._session.code(opening=opening, random=random, host_fingerprint=host, guest_fingerprint=guest)


def new_commitment(own_fingerprint: str) -> tuple[str, str]:
    """The opening of a guest, and its commitment to it."""
    opening = new_nonce()
    return opening, commit(opening, own_fingerprint)
