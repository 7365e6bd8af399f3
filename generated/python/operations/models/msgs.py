from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.msgs_type import MsgsType, check_msgs_type

T = TypeVar("T", bound="Msgs")


@_attrs_define
class Msgs:
    """Messages from the box.

    Attributes:
        type_ (MsgsType):
        data (list[Any]): The messages, oldest first.
        next_ (int): The cursor for the next read: the sequence number of the last message in `data`.
    """

    type_: MsgsType
    data: list[Any]
    next_: int
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_: str = self.type_

        data = self.data

        next_ = self.next_

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "data": data,
                "next": next_,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        type_ = check_msgs_type(d.pop("type"))

        data = cast(list[Any], d.pop("data"))

        next_ = d.pop("next")

        made = cls(
            type_=type_,
            data=data,
            next_=next_,
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
