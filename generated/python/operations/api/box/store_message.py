import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.ack import Ack
from ...types import UNSET, Response, Unset


def _get_kwargs(
    box: str,
    *,
    body: Any,
    idempotency_key: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["idempotency-key"] = idempotency_key

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/boxes/{box}/messages".format(
            box=quote(str(box), safe=""),
        ),
    }

    _kwargs["content"] = json.dumps(body)

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Ack:
    if response.status_code == 200:
        response_200 = Ack.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Ack]:
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
    body: Any,
    idempotency_key: str | Unset = UNSET,
) -> Response[Ack]:
    """Store a message

     Stores a message: any JSON value, sent with `Content-Type: application/json`. A body sent as
    `text/plain`, which is what `fetch` uses for a string by default, is stored as a JSON string. A 2xx
    status means that the message is as durable as the server's store guarantees. A full box refuses
    messages and never drops any; a full room drops its oldest.

    Args:
        box (str):
        idempotency_key (str | Unset):
        body (Any): Any JSON value.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Ack]
    """

    kwargs = _get_kwargs(
        box=box,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    box: str,
    *,
    client: AuthenticatedClient | Client,
    body: Any,
    idempotency_key: str | Unset = UNSET,
) -> Ack:
    """Store a message

     Stores a message: any JSON value, sent with `Content-Type: application/json`. A body sent as
    `text/plain`, which is what `fetch` uses for a string by default, is stored as a JSON string. A 2xx
    status means that the message is as durable as the server's store guarantees. A full box refuses
    messages and never drops any; a full room drops its oldest.

    Args:
        box (str):
        idempotency_key (str | Unset):
        body (Any): Any JSON value.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Ack
    """

    return sync_detailed(
        box=box,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    box: str,
    *,
    client: AuthenticatedClient | Client,
    body: Any,
    idempotency_key: str | Unset = UNSET,
) -> Response[Ack]:
    """Store a message

     Stores a message: any JSON value, sent with `Content-Type: application/json`. A body sent as
    `text/plain`, which is what `fetch` uses for a string by default, is stored as a JSON string. A 2xx
    status means that the message is as durable as the server's store guarantees. A full box refuses
    messages and never drops any; a full room drops its oldest.

    Args:
        box (str):
        idempotency_key (str | Unset):
        body (Any): Any JSON value.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Ack]
    """

    kwargs = _get_kwargs(
        box=box,
        body=body,
        idempotency_key=idempotency_key,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    box: str,
    *,
    client: AuthenticatedClient | Client,
    body: Any,
    idempotency_key: str | Unset = UNSET,
) -> Ack:
    """Store a message

     Stores a message: any JSON value, sent with `Content-Type: application/json`. A body sent as
    `text/plain`, which is what `fetch` uses for a string by default, is stored as a JSON string. A 2xx
    status means that the message is as durable as the server's store guarantees. A full box refuses
    messages and never drops any; a full room drops its oldest.

    Args:
        box (str):
        idempotency_key (str | Unset):
        body (Any): Any JSON value.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Ack
    """

    return (
        await asyncio_detailed(
            box=box,
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
