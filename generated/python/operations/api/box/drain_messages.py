from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.msgs import Msgs
from ...types import Response


def _get_kwargs(
    box: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {
        "method": "delete",
        "url": "/boxes/{box}/messages".format(
            box=quote(str(box), safe=""),
        ),
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Msgs:
    if response.status_code == 200:
        response_200 = Msgs.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Msgs]:
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
) -> Response[Msgs]:
    """Drain the box

     Takes all messages out of the box in one atomic step. If the response is lost, so are the messages;
    if that matters, read and acknowledge instead.

    Args:
        box (str):

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Msgs]
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
) -> Msgs:
    """Drain the box

     Takes all messages out of the box in one atomic step. If the response is lost, so are the messages;
    if that matters, read and acknowledge instead.

    Args:
        box (str):

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Msgs
    """

    return sync_detailed(
        box=box,
        client=client,
    ).parsed


async def asyncio_detailed(
    box: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[Msgs]:
    """Drain the box

     Takes all messages out of the box in one atomic step. If the response is lost, so are the messages;
    if that matters, read and acknowledge instead.

    Args:
        box (str):

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Msgs]
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
) -> Msgs:
    """Drain the box

     Takes all messages out of the box in one atomic step. If the response is lost, so are the messages;
    if that matters, read and acknowledge instead.

    Args:
        box (str):

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Msgs
    """

    return (
        await asyncio_detailed(
            box=box,
            client=client,
        )
    ).parsed
