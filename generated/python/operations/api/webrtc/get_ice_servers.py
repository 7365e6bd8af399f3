from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.ice_servers import IceServers
from ...types import Response


def _get_kwargs(
    box: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/boxes/{box}/ice-servers".format(
            box=quote(str(box), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> IceServers:
    if response.status_code == 200:
        response_200 = IceServers.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[IceServers]:
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
) -> Response[IceServers]:
    """Get ICE servers

     Returns the STUN and TURN servers that this server offers to users of the box, with credentials that
    expire.

    Args:
        box (str):

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[IceServers]
    """

    kwargs = _get_kwargs(
        box=box,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    box: str,
    *,
    client: AuthenticatedClient | Client,
) -> IceServers:
    """Get ICE servers

     Returns the STUN and TURN servers that this server offers to users of the box, with credentials that
    expire.

    Args:
        box (str):

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        IceServers
    """

    return sync_detailed(
        box=box,
        client=client,
    ).parsed


async def asyncio_detailed(
    box: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[IceServers]:
    """Get ICE servers

     Returns the STUN and TURN servers that this server offers to users of the box, with credentials that
    expire.

    Args:
        box (str):

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[IceServers]
    """

    kwargs = _get_kwargs(
        box=box,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    box: str,
    *,
    client: AuthenticatedClient | Client,
) -> IceServers:
    """Get ICE servers

     Returns the STUN and TURN servers that this server offers to users of the box, with credentials that
    expire.

    Args:
        box (str):

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        IceServers
    """

    return (
        await asyncio_detailed(
            box=box,
            client=client,
        )
    ).parsed
