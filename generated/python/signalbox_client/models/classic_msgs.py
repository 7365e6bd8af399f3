from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.classic_msgs_type import ClassicMsgsType, check_classic_msgs_type

T = TypeVar("T", bound="ClassicMsgs")


@_attrs_define
class ClassicMsgs:
    """The messages were taken out.

    Attributes:
        type_ (ClassicMsgsType):
        data (list[Any]): Everything that was in the box.
    """

    type_: ClassicMsgsType
    data: list[Any]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_: str = self.type_

        data = self.data

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "data": data,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        type_ = check_classic_msgs_type(d.pop("type"))

        data = cast(list[Any], d.pop("data"))

        classic_msgs = cls(
            type_=type_,
            data=data,
        )

        classic_msgs.additional_properties = d
        return classic_msgs

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
