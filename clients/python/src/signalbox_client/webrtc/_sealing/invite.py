"""What a host gives to its guests, as a link."""

import secrets
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote_plus, urlsplit

from ..._address import base_url, is_capability
from .._errors import CallError
from .encoding import from_base64url, to_base64url
from .keys import Key


@dataclass(frozen=True)
class Invite:
    """Where a call is, and its key."""

    server: str
    """the base URL of the box routes"""
    key: Key

    def link(self, page: str) -> str:
        """The invite as the address of a page, with the rest in the fragment, which browsers do not send."""
        address = page.partition("#")[0]
        key = self.key
        # In this order.
        fragment = f"v=1&drop={key.host_drop}&key={to_base64url(key.secret)}&id={key.id}"
        if _base_of(address) != self.server:
            fragment += f"&server={quote_plus(self.server)}"
        return f"{address}#{fragment}"


def new_invite(server: str, host_drop: str) -> Invite:
    return Invite(server, Key(secrets.token_bytes(32), host_drop))


def check_page(page: str) -> None:
    """Raise a ``ValueError`` if an invite cannot be the address of this page."""
    try:
        _base_of(page)
    except ValueError:
        raise ValueError("The option 'page' must be an http or https URL") from None


def parse_invite(link: str) -> Invite:
    """Parse a link. Raises a ``CallError`` whose code says what is wrong with it."""
    page, _, fragment = link.strip().partition("#")
    # Of several parameters with the same name, the first counts.
    given = dict(reversed(parse_qsl(fragment, keep_blank_values=True)))
    try:
        server = _base_of(page)
        if "server" in given:
            server = base_url(given["server"])
    except ValueError:
        raise CallError("CALL_ERR_INVITE") from None
    if "v" not in given:
        raise CallError("CALL_ERR_INVITE")
    # In another version, all else may have another form.
    if given["v"] != "1":
        raise CallError("CALL_ERR_INVITE_VERSION")
    drop = given.get("drop", "")
    if not is_capability(drop) or not drop.startswith("drop_"):
        raise CallError("CALL_ERR_INVITE")
    secret = from_base64url(given.get("key", ""))
    if secret is None or len(secret) != 32:
        raise CallError("CALL_ERR_KEY")
    key = Key(secret, drop)
    if key.id != given.get("id"):
        raise CallError("CALL_ERR_KEY")
    return Invite(server, key)


def _base_of(page: str) -> str:
    """The page's own URL up to the last slash."""
    url = urlsplit(page)
    return base_url(url._replace(path=url.path.rpartition("/")[0], query="", fragment="").geturl())
