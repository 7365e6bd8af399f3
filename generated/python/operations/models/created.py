from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.created_type import CreatedType, check_created_type

T = TypeVar("T", bound="Created")


@_attrs_define
class Created:
    """A box that was created or opened.

    Attributes:
        type_ (CreatedType):
        data (str): The box id. Whoever holds it owns the box: keep it secret.
        drop (str): The drop address. Whoever holds it can only store messages: give this to the other party.
        expires (datetime.datetime): When the box expires unless it is used before then (RFC 3339).
    """

    type_: CreatedType
    data: str
    drop: str
    expires: datetime.datetime
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_: str = self.type_

        data = self.data

        drop = self.drop

        expires = self.expires.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "data": data,
                "drop": drop,
                "expires": expires,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        type_ = check_created_type(d.pop("type"))

        data = d.pop("data")

        drop = d.pop("drop")

        expires = datetime.datetime.fromisoformat(d.pop("expires"))

        made = cls(
            type_=type_,
            data=data,
            drop=drop,
            expires=expires,
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
