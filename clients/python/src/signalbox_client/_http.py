"""Requests to a server, one response each: no retries, and no more memory than allowed."""

import asyncio
import inspect
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeAlias

import httpx

from ._json import from_json
from .errors import BoxError, ResponseTooLargeError, UnreachableError

Headers: TypeAlias = Mapping[str, str] | Callable[[], Mapping[str, str] | Awaitable[Mapping[str, str]]]
"""Headers for every request, such as ``Authorization``.

A function is called for each request, so that it can refresh a token in time. If it fails, the request counts as failed
and is retried. With headers, redirects are refused: they could lead to another server.
"""

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""Far more than a box holds on any server with default limits."""

_MAX_REDIRECTS = 20


@cache
def _default_tls() -> ssl.SSLContext:
    # Loading the certificates takes longer than a request, and blocks.
    return httpx.create_ssl_context()


class Connection:
    """The connections to a server, opened when they are needed. Used again after it was closed, it opens new ones."""

    def __init__(
        self, server: str, *, headers: Headers | None, transport: httpx.AsyncBaseTransport | None, max_response_bytes: int
    ):
        self.server = server
        self.max_response_bytes = max_response_bytes
        self._headers = headers
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        params: Mapping[str, int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """The response, whose body is not read yet; what fails while it is read counts as unreachable, too."""
        # A compressed body could be small on the network and fill the memory.
        sent = await self._given_headers()
        sent.update({"accept": "application/json", "accept-encoding": "identity", **(headers or {})})
        client = await self._open_client()
        try:
            request = client.build_request(
                method, self.server + path, content=content, params=params, headers=sent, timeout=None
            )
            response = await client.send(request, stream=True)
            try:
                for _ in range(_MAX_REDIRECTS):
                    # Not left to httpx, which would read the redirect's body whatever its size.
                    if response.next_request is None or self._headers is not None:
                        break
                    await response.aclose()
                    response = await client.send(response.next_request, stream=True)
                yield response
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise UnreachableError(
                f"The server at {self.server} could not be reached. Check its URL and the network."
            ) from error

    async def request(
        self, method: str, path: str, is_sound: Callable[[Any], bool], *, body: Any = None, **options: Any
    ) -> Any:
        """The JSON value of a successful response, as the contract promises; raises a ``BoxError`` for any other."""
        if body is not None:
            options["content"] = json.dumps(body).encode()
        if options.get("content") is not None:
            options["headers"] = {"content-type": "application/json", **options.get("headers", {})}
        async with self.open(method, path, **options) as response:
            read = await self._read(response)
        if response.is_success and response.status_code != 204 and read == b"":
            raise UnreachableError("The response is empty")
        value = parse_json(read) if response.is_success and read != b"" else None
        if not response.is_success or not is_sound(value):
            raise self._error(response, read, method)
        return value

    async def refusal(self, response: httpx.Response) -> BoxError:
        """The error that an open response is."""
        return self._error(response, await self._read(response), "GET")

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _open_client(self) -> httpx.AsyncClient:
        if self._client is None:
            tls = True if self._transport is not None else await asyncio.to_thread(_default_tls)
            # Another request may have opened it in the meantime.
            self._client = self._client or httpx.AsyncClient(transport=self._transport, verify=tls)
        return self._client

    async def _given_headers(self) -> httpx.Headers:
        if self._headers is None:
            return httpx.Headers()
        if not callable(self._headers):
            return httpx.Headers(self._headers)
        try:
            given = self._headers()
            return httpx.Headers(await given if inspect.isawaitable(given) else given)
        except Exception as error:
            raise UnreachableError("The function given as option 'headers' failed") from error

    async def _read(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self.max_response_bytes:
                raise ResponseTooLargeError("The response", self.max_response_bytes)
        return bytes(body)

    def _error(self, response: httpx.Response, body: bytes, method: str) -> BoxError:
        hint = ""
        if response.is_redirect and self._headers is not None:
            hint = "The server redirects, but redirects are not followed with the option 'headers'."
        elif method != "GET" and response.request.method != method:
            hint = "The server redirects, which turned the request into a GET. Use the new URL."
        waits = {name: value for name, value in response.headers.items() if name == "retry-after"}
        return BoxError(httpx.Response(response.status_code, headers=waits, content=body), hint)


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text. Raises an ``UnreachableError`` if it is none: it may have been cut off."""
    try:
        return from_json(text)
    except ValueError as error:
        raise UnreachableError("The response is not JSON") from error
