from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.classic_answer import ClassicAnswer
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    box: str | Unset = UNSET,
    msg: str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["box"] = box

    params["msg"] = msg

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/box.php",
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> ClassicAnswer:
    if response.status_code == 200:
        response_200 = ClassicAnswer.from_dict(response.json())

        return response_200

    raise errors.UnexpectedStatus(response.status_code, response.content)


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ClassicAnswer]:
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
    box: str | Unset = UNSET,
    msg: str | Unset = UNSET,
) -> Response[ClassicAnswer]:
    """Create, store or drain by query parameters

     The API of the PHP script that this server replaces. Without `box`, it creates a box; with `box` and
    `msg`, it stores the text; with `box` alone, it drains the box. GET changes state, so HEAD requests
    and prefetches are refused. Prefer the other operations.

    Args:
        box (str | Unset):
        msg (str | Unset):

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClassicAnswer]
    """

    kwargs = _get_kwargs(
        box=box,
        msg=msg,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    box: str | Unset = UNSET,
    msg: str | Unset = UNSET,
) -> ClassicAnswer:
    """Create, store or drain by query parameters

     The API of the PHP script that this server replaces. Without `box`, it creates a box; with `box` and
    `msg`, it stores the text; with `box` alone, it drains the box. GET changes state, so HEAD requests
    and prefetches are refused. Prefer the other operations.

    Args:
        box (str | Unset):
        msg (str | Unset):

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClassicAnswer
    """

    return sync_detailed(
        client=client,
        box=box,
        msg=msg,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    box: str | Unset = UNSET,
    msg: str | Unset = UNSET,
) -> Response[ClassicAnswer]:
    """Create, store or drain by query parameters

     The API of the PHP script that this server replaces. Without `box`, it creates a box; with `box` and
    `msg`, it stores the text; with `box` alone, it drains the box. GET changes state, so HEAD requests
    and prefetches are refused. Prefer the other operations.

    Args:
        box (str | Unset):
        msg (str | Unset):

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClassicAnswer]
    """

    kwargs = _get_kwargs(
        box=box,
        msg=msg,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    box: str | Unset = UNSET,
    msg: str | Unset = UNSET,
) -> ClassicAnswer:
    """Create, store or drain by query parameters

     The API of the PHP script that this server replaces. Without `box`, it creates a box; with `box` and
    `msg`, it stores the text; with `box` alone, it drains the box. GET changes state, so HEAD requests
    and prefetches are refused. Prefer the other operations.

    Args:
        box (str | Unset):
        msg (str | Unset):

    Raises:
        errors.BoxError: If the server does not carry out the request; its problem says why.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClassicAnswer
    """

    return (
        await asyncio_detailed(
            client=client,
            box=box,
            msg=msg,
        )
    ).parsed
