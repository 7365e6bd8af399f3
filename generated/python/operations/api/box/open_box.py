from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.create_box import CreateBox
from ...models.created import Created
from ...types import UNSET, Response, Unset


def _get_kwargs(
    box: str,
    *,
    body: CreateBox | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/boxes/{box}".format(
            box=quote(str(box), safe=""),
        ),
    }

    if not isinstance(body, Unset):
        _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Created:
    if response.status_code == 200:
        response_200 = Created.from_dict(response.json())

        return response_200

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
    box: str,
    *,
    client: AuthenticatedClient | Client,
    body: CreateBox | Unset = UNSET,
) -> Response[Created]:
    """Open a box

     Creates an empty box under an id that the client has made, unless the box exists. Everyone who
    derives the same id from a shared secret opens the same box. The id must be as hard to guess as one
    that the server makes: derive it with HKDF-SHA-256 from a secret of at least 128 random bits, never
    from a name or a password. Idempotent: an existing box keeps its messages and its settings, whatever
    the body says, and is only renewed. Every request counts as a read for the rate limit; one that
    finds no box also counts as a create.

    Args:
        box (str):
        body (CreateBox | Unset): The settings of the new box.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Created]
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
    body: CreateBox | Unset = UNSET,
) -> Created:
    """Open a box

     Creates an empty box under an id that the client has made, unless the box exists. Everyone who
    derives the same id from a shared secret opens the same box. The id must be as hard to guess as one
    that the server makes: derive it with HKDF-SHA-256 from a secret of at least 128 random bits, never
    from a name or a password. Idempotent: an existing box keeps its messages and its settings, whatever
    the body says, and is only renewed. Every request counts as a read for the rate limit; one that
    finds no box also counts as a create.

    Args:
        box (str):
        body (CreateBox | Unset): The settings of the new box.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Created
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
    body: CreateBox | Unset = UNSET,
) -> Response[Created]:
    """Open a box

     Creates an empty box under an id that the client has made, unless the box exists. Everyone who
    derives the same id from a shared secret opens the same box. The id must be as hard to guess as one
    that the server makes: derive it with HKDF-SHA-256 from a secret of at least 128 random bits, never
    from a name or a password. Idempotent: an existing box keeps its messages and its settings, whatever
    the body says, and is only renewed. Every request counts as a read for the rate limit; one that
    finds no box also counts as a create.

    Args:
        box (str):
        body (CreateBox | Unset): The settings of the new box.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Created]
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
    body: CreateBox | Unset = UNSET,
) -> Created:
    """Open a box

     Creates an empty box under an id that the client has made, unless the box exists. Everyone who
    derives the same id from a shared secret opens the same box. The id must be as hard to guess as one
    that the server makes: derive it with HKDF-SHA-256 from a secret of at least 128 random bits, never
    from a name or a password. Idempotent: an existing box keeps its messages and its settings, whatever
    the body says, and is only renewed. Every request counts as a read for the rate limit; one that
    finds no box also counts as a create.

    Args:
        box (str):
        body (CreateBox | Unset): The settings of the new box.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Created
    """

    return (
        await asyncio_detailed(
            box=box,
            client=client,
            body=body,
        )
    ).parsed
