from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.create_box import CreateBox
from ...models.created import Created
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    body: CreateBox | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/boxes",
    }

    if not isinstance(body, Unset):
        _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Created:
    if response.status_code == 201:
        response_201 = Created.from_dict(response.json())

        return response_201

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Created]:
    if not response.is_success:
        raise errors.BoxError(response)
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: CreateBox | Unset = UNSET,
) -> Response[Created]:
    """Create a box

     Creates an empty box. Keep its id secret, and give its drop address to the other party, who can only
    store messages in the box. With `keep`, the box is a room.

    Args:
        body (CreateBox | Unset): The settings of the new box.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Created]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: CreateBox | Unset = UNSET,
) -> Created:
    """Create a box

     Creates an empty box. Keep its id secret, and give its drop address to the other party, who can only
    store messages in the box. With `keep`, the box is a room.

    Args:
        body (CreateBox | Unset): The settings of the new box.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Created
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: CreateBox | Unset = UNSET,
) -> Response[Created]:
    """Create a box

     Creates an empty box. Keep its id secret, and give its drop address to the other party, who can only
    store messages in the box. With `keep`, the box is a room.

    Args:
        body (CreateBox | Unset): The settings of the new box.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Created]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: CreateBox | Unset = UNSET,
) -> Created:
    """Create a box

     Creates an empty box. Keep its id secret, and give its drop address to the other party, who can only
    store messages in the box. With `keep`, the box is a room.

    Args:
        body (CreateBox | Unset): The settings of the new box.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Created
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
