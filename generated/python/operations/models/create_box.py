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
        keep (int | Unset): Makes the box a room: each message expires after this many seconds, and a full room drops
            its oldest messages. At most `ttl`. If absent, the box keeps its messages until they are acknowledged or
            drained.
    """

    ttl: int | Unset = UNSET
    keep: int | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        ttl = self.ttl

        keep = self.keep

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if ttl is not UNSET:
            field_dict["ttl"] = ttl
        if keep is not UNSET:
            field_dict["keep"] = keep

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        ttl = d.pop("ttl", UNSET)

        keep = d.pop("keep", UNSET)

        made = cls(
            ttl=ttl,
            keep=keep,
        )

        return made
