"""The STUN and TURN servers that the box server offers to anyone who has the invite."""

import asyncio
from collections.abc import Sequence
from math import inf
from time import monotonic
from typing import Any

from aiortc import RTCIceServer
from aiortc.rtcicetransport import parse_stun_turn_uri

from .._http import Connection, Headers

_MAX_URLS = 32
_DEFAULT_AGE = 300
_MAX_RESPONSE = 1024 * 1024


class IceServers:
    """Those given by the application, or else the server's, which are kept for a while."""

    def __init__(
        self, given: Sequence[RTCIceServer] | None, server: str, id: str, *, headers: Headers | None, timeout: float
    ):
        self._given = given
        self._connection = Connection(server, headers=headers, transport=None, max_response_bytes=_MAX_RESPONSE)
        self._path = f"/boxes/{id}/ice-servers"
        self._timeout = timeout
        self._kept: list[RTCIceServer] = []
        self._until = -inf

    async def get(self) -> list[RTCIceServer]:
        if self._given is not None:
            return list(self._given)
        if monotonic() >= self._until:
            try:
                async with asyncio.timeout(self._timeout):
                    answer = await self._connection.request("GET", self._path, _has_servers)
            except Exception:
                # Only direct paths remain.
                return []
            finally:
                await self._connection.aclose()
            ttl = answer.get("ttl")
            self._kept = _read(answer["iceServers"])
            self._until = monotonic() + (ttl / 2 if type(ttl) in (int, float) and ttl > 0 else _DEFAULT_AGE)
        return list(self._kept)


def has_turn(servers: Sequence[RTCIceServer]) -> bool:
    return any(url.startswith("turn") for server in servers for url in _urls(server))


def _urls(server: RTCIceServer) -> list[str]:
    return [server.urls] if isinstance(server.urls, str) else server.urls


def _has_servers(answer: Any) -> bool:
    return isinstance(answer, dict) and isinstance(answer.get("iceServers"), list)


def _read(offered: list[Any]) -> list[RTCIceServer]:
    servers = []
    left = _MAX_URLS
    for server in offered:
        if not isinstance(server, dict):
            continue
        urls = server.get("urls")
        usable = [url for url in (urls if isinstance(urls, list) else [urls]) if isinstance(url, str) and _is_usable(url)][:left]
        left -= len(usable)
        username, credential = server.get("username"), server.get("credential")
        if usable:
            servers.append(
                RTCIceServer(
                    urls=usable,
                    username=username if isinstance(username, str) else None,
                    credential=credential if isinstance(credential, str) else None,
                )
            )
    return servers


def _is_usable(url: str) -> bool:
    try:
        # aiortc would refuse the whole connection.
        return bool(parse_stun_turn_uri(url))
    except ValueError:
        return False
