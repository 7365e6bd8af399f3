from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.classic_answer_type import ClassicAnswerType, check_classic_answer_type
from ..types import UNSET, Unset

T = TypeVar("T", bound="ClassicAnswer")


@_attrs_define
class ClassicAnswer:
    """The result: `type` says whether a box was created, a message stored, or a box drained.

    Attributes:
        type_ (ClassicAnswerType):
        data (Any): The box id. Whoever holds it owns the box: keep it secret. Or: The number of messages now in the
            box. Or: All messages that were in the box.
        drop (str | Unset): The drop address. Whoever holds it can only store messages: give this to the other party.
        expires (datetime.datetime | Unset): When the box expires unless it is used before then (RFC 3339).
    """

    type_: ClassicAnswerType
    data: Any
    drop: str | Unset = UNSET
    expires: datetime.datetime | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        type_: str = self.type_

        data = self.data

        drop = self.drop

        expires: str | Unset = UNSET
        if not isinstance(self.expires, Unset):
            expires = self.expires.isoformat()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "type": type_,
                "data": data,
            }
        )
        if drop is not UNSET:
            field_dict["drop"] = drop
        if expires is not UNSET:
            field_dict["expires"] = expires

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        type_ = check_classic_answer_type(d.pop("type"))

        data = d.pop("data")

        drop = d.pop("drop", UNSET)

        _expires = d.pop("expires", UNSET)
        expires: datetime.datetime | Unset
        if isinstance(_expires, Unset):
            expires = UNSET
        else:
            expires = datetime.datetime.fromisoformat(_expires)

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
