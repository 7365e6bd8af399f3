"""Where a box is, and what its holder may do with it."""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_CAPABILITY = re.compile(r"(?:box|drop)_[A-Za-z0-9_-]{32}")


@dataclass(frozen=True)
class Address:
    """A box's server, and the capability to use it: a box id or a drop address."""

    server: str
    id: str = field(repr=False)

    @property
    def path(self) -> str:
        return f"/boxes/{self.id}"

    @property
    def link(self) -> str:
        return self.server + self.path


def is_capability(value: object) -> bool:
    return isinstance(value, str) and _CAPABILITY.fullmatch(value) is not None


def base_url(server: str) -> str:
    """The base URL of a server's box routes in canonical form: no query, no fragment, no trailing slash."""
    try:
        url = urlsplit(server)
        port = url.port
    except ValueError:
        raise ValueError("The server must be an http:// or https:// URL, such as http://localhost:8080") from None
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("The server must be an http:// or https:// URL, such as http://localhost:8080")
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    named = port is not None and port != {"http": 80, "https": 443}[url.scheme]
    return f"{url.scheme}://{host}{f':{port}' if named else ''}{url.path.rstrip('/')}"


def parse_address(link: str, server: str | None = None) -> Address:
    """Parse a link, ``<server>/boxes/<id>``, or an id together with its server. No error repeats the capability."""
    if is_capability(link):
        if server is None:
            raise ValueError("Opening a box by its id requires the option 'server'")
        return Address(base_url(server), link)
    head, found, id = link.partition("#")[0].partition("?")[0].rpartition("/boxes/")
    if not found or not is_capability(id):
        raise ValueError("A link must have the form <server>/boxes/<id>")
    address = Address(base_url(head), id)
    if server is not None and address.server != base_url(server):
        raise ValueError("The link leads to another server than the option 'server'")
    return address


def drop_address_of(id: str) -> str:
    """Derive the drop address of a box id: the first 24 bytes of SHA-256 over a label, a zero byte and the id."""
    if id.startswith("drop_"):
        return id
    digest = hashlib.sha256(b"signalbox drop v1\0" + id.encode()).digest()
    return "drop_" + base64.urlsafe_b64encode(digest[:24]).decode()
