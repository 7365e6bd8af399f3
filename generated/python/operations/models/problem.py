from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Problem")


@_attrs_define
class Problem:
    """What went wrong and what to do next (RFC 9457).

    Attributes:
        type_ (str): Identifies the kind of problem; a GET request to this URI returns an explanation.
        title (str): A short name for the problem.
        status (int): The HTTP status.
        detail (str): What to do next.
        code (str): One of BOX_ERR_INVALID, BOX_ERR_DROP_ONLY, BOX_ERR_PREFETCH, BOX_ERR_CROSS_SITE, BOX_ERR_NOT_FOUND,
            BOX_ERR_NO_ROUTE, BOX_ERR_METHOD, BOX_ERR_NOT_ACCEPTABLE, BOX_ERR_TIMEOUT, BOX_ERR_FULL, BOX_ERR_CURSOR,
            BOX_ERR_TOO_LARGE, BOX_ERR_URI_TOO_LONG, BOX_ERR_MEDIA_TYPE, BOX_ERR_EXPECTATION, BOX_ERR_IDEMPOTENCY,
            BOX_ERR_RATE, BOX_ERR_HELD, BOX_ERR_HEADERS, BOX_ERR_INTERNAL, BOX_ERR_BUSY, BOX_ERR_CLOSING, BOX_ERR_STORE,
            BOX_ERR_STORE_FULL; or a code from the host application.
    """

    type_: str
    title: str
    status: int
    detail: str
    code: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_ = self.type_

        title = self.title

        status = self.status

        detail = self.detail

        code = self.code

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "title": title,
                "status": status,
                "detail": detail,
                "code": code,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        type_ = d.pop("type")

        title = d.pop("title")

        status = d.pop("status")

        detail = d.pop("detail")

        code = d.pop("code")

        made = cls(
            type_=type_,
            title=title,
            status=status,
            detail=detail,
            code=code,
        )

        made.additional_properties = d
        return made

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
