from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.cursor import Cursor
from ...models.cursor_ack import CursorAck
from ...types import Response


def _get_kwargs(
    box: str,
    *,
    body: Cursor,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/boxes/{box}/cursor".format(
            box=quote(str(box), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> CursorAck:
    if response.status_code == 200:
        response_200 = CursorAck.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[CursorAck]:
    if not response.is_success:
        raise errors.BoxError(response)
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    box: str,
    *,
    client: AuthenticatedClient | Client,
    body: Cursor,
) -> Response[CursorAck]:
    """Acknowledge messages

     Deletes the messages up to and including the cursor. Idempotent.

    Args:
        box (str):
        body (Cursor): The position up to which a reader has handled every message.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CursorAck]
    """

    kwargs = _get_kwargs(
        box=box,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    box: str,
    *,
    client: AuthenticatedClient | Client,
    body: Cursor,
) -> CursorAck:
    """Acknowledge messages

     Deletes the messages up to and including the cursor. Idempotent.

    Args:
        box (str):
        body (Cursor): The position up to which a reader has handled every message.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CursorAck
    """

    return sync_detailed(
        box=box,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    box: str,
    *,
    client: AuthenticatedClient | Client,
    body: Cursor,
) -> Response[CursorAck]:
    """Acknowledge messages

     Deletes the messages up to and including the cursor. Idempotent.

    Args:
        box (str):
        body (Cursor): The position up to which a reader has handled every message.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CursorAck]
    """

    kwargs = _get_kwargs(
        box=box,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    box: str,
    *,
    client: AuthenticatedClient | Client,
    body: Cursor,
) -> CursorAck:
    """Acknowledge messages

     Deletes the messages up to and including the cursor. Idempotent.

    Args:
        box (str):
        body (Cursor): The position up to which a reader has handled every message.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        CursorAck
    """

    return (
        await asyncio_detailed(
            box=box,
            client=client,
            body=body,
        )
    ).parsed
