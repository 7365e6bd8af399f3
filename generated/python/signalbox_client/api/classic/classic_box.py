from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.classic_ack import ClassicAck
from ...models.classic_created import ClassicCreated
from ...models.classic_msgs import ClassicMsgs
from ...models.problem import Problem
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
) -> ClassicAck | ClassicCreated | ClassicMsgs | Problem:
    if response.status_code == 200:

        def _parse_response_200(
            data: object,
        ) -> ClassicAck | ClassicCreated | ClassicMsgs:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_classic_answer_type_0 = ClassicCreated.from_dict(data)

                return componentsschemas_classic_answer_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                componentsschemas_classic_answer_type_1 = ClassicAck.from_dict(data)

                return componentsschemas_classic_answer_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            componentsschemas_classic_answer_type_2 = ClassicMsgs.from_dict(data)

            return componentsschemas_classic_answer_type_2

        response_200 = _parse_response_200(response.json())

        return response_200

    response_default = Problem.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ClassicAck | ClassicCreated | ClassicMsgs | Problem]:
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
) -> Response[ClassicAck | ClassicCreated | ClassicMsgs | Problem]:
    """The classic API: create, store or drain by query

     The API of the original script. Without `box`: create. With `box` and `msg`: store the text. With
    `box` only: drain. It changes things by GET, so HEAD and prefetches are refused; use the other
    operations where you can.

    Args:
        box (str | Unset):
        msg (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClassicAck | ClassicCreated | ClassicMsgs | Problem]
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
) -> ClassicAck | ClassicCreated | ClassicMsgs | Problem | None:
    """The classic API: create, store or drain by query

     The API of the original script. Without `box`: create. With `box` and `msg`: store the text. With
    `box` only: drain. It changes things by GET, so HEAD and prefetches are refused; use the other
    operations where you can.

    Args:
        box (str | Unset):
        msg (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClassicAck | ClassicCreated | ClassicMsgs | Problem
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
) -> Response[ClassicAck | ClassicCreated | ClassicMsgs | Problem]:
    """The classic API: create, store or drain by query

     The API of the original script. Without `box`: create. With `box` and `msg`: store the text. With
    `box` only: drain. It changes things by GET, so HEAD and prefetches are refused; use the other
    operations where you can.

    Args:
        box (str | Unset):
        msg (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ClassicAck | ClassicCreated | ClassicMsgs | Problem]
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
) -> ClassicAck | ClassicCreated | ClassicMsgs | Problem | None:
    """The classic API: create, store or drain by query

     The API of the original script. Without `box`: create. With `box` and `msg`: store the text. With
    `box` only: drain. It changes things by GET, so HEAD and prefetches are refused; use the other
    operations where you can.

    Args:
        box (str | Unset):
        msg (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ClassicAck | ClassicCreated | ClassicMsgs | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            box=box,
            msg=msg,
        )
    ).parsed
