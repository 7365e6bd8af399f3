from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.msgs import Msgs
from ...types import UNSET, Response, Unset


def _get_kwargs(
    box: str,
    *,
    after: int | Unset = 0,
    limit: int | Unset = 100,
    wait: int | Unset = 0,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["after"] = after

    params["limit"] = limit

    params["wait"] = wait

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/boxes/{box}/messages".format(
            box=quote(str(box), safe=""),
        ),
        "params": params,
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
    after: int | Unset = 0,
    limit: int | Unset = 100,
    wait: int | Unset = 0,
) -> Response[Msgs]:
    """Read messages

     Reads the messages after a cursor and leaves them in the box. With `wait`, the response is held open
    until there is a message. With `Accept: text/event-stream`, the messages arrive as a stream of
    server-sent events whose `id` is the sequence number; `event: gone` means that the box no longer
    exists. Swagger UI shows nothing until a stream ends; try streams with another client, such as `curl
    -N`.

    Args:
        box (str):
        after (int | Unset):  Default: 0.
        limit (int | Unset):  Default: 100.
        wait (int | Unset):  Default: 0.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Msgs]
    """

    kwargs = _get_kwargs(
        box=box,
        after=after,
        limit=limit,
        wait=wait,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    box: str,
    *,
    client: AuthenticatedClient | Client,
    after: int | Unset = 0,
    limit: int | Unset = 100,
    wait: int | Unset = 0,
) -> Msgs:
    """Read messages

     Reads the messages after a cursor and leaves them in the box. With `wait`, the response is held open
    until there is a message. With `Accept: text/event-stream`, the messages arrive as a stream of
    server-sent events whose `id` is the sequence number; `event: gone` means that the box no longer
    exists. Swagger UI shows nothing until a stream ends; try streams with another client, such as `curl
    -N`.

    Args:
        box (str):
        after (int | Unset):  Default: 0.
        limit (int | Unset):  Default: 100.
        wait (int | Unset):  Default: 0.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Msgs
    """

    return sync_detailed(
        box=box,
        client=client,
        after=after,
        limit=limit,
        wait=wait,
    ).parsed


async def asyncio_detailed(
    box: str,
    *,
    client: AuthenticatedClient | Client,
    after: int | Unset = 0,
    limit: int | Unset = 100,
    wait: int | Unset = 0,
) -> Response[Msgs]:
    """Read messages

     Reads the messages after a cursor and leaves them in the box. With `wait`, the response is held open
    until there is a message. With `Accept: text/event-stream`, the messages arrive as a stream of
    server-sent events whose `id` is the sequence number; `event: gone` means that the box no longer
    exists. Swagger UI shows nothing until a stream ends; try streams with another client, such as `curl
    -N`.

    Args:
        box (str):
        after (int | Unset):  Default: 0.
        limit (int | Unset):  Default: 100.
        wait (int | Unset):  Default: 0.

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Msgs]
    """

    kwargs = _get_kwargs(
        box=box,
        after=after,
        limit=limit,
        wait=wait,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    box: str,
    *,
    client: AuthenticatedClient | Client,
    after: int | Unset = 0,
    limit: int | Unset = 100,
    wait: int | Unset = 0,
) -> Msgs:
    """Read messages

     Reads the messages after a cursor and leaves them in the box. With `wait`, the response is held open
    until there is a message. With `Accept: text/event-stream`, the messages arrive as a stream of
    server-sent events whose `id` is the sequence number; `event: gone` means that the box no longer
    exists. Swagger UI shows nothing until a stream ends; try streams with another client, such as `curl
    -N`.

    Args:
        box (str):
        after (int | Unset):  Default: 0.
        limit (int | Unset):  Default: 100.
        wait (int | Unset):  Default: 0.

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
            after=after,
            limit=limit,
            wait=wait,
        )
    ).parsed
