from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="CreateBox")


@_attrs_define
class CreateBox:
    """The settings of the new box.

    Attributes:
        ttl (int | Unset): The idle lifetime in seconds: a box that is not used for this long expires. If absent: 86400.
    """

    ttl: int | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        ttl = self.ttl

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if ttl is not UNSET:
            field_dict["ttl"] = ttl

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        ttl = d.pop("ttl", UNSET)

        made = cls(
            ttl=ttl,
        )

        return made
