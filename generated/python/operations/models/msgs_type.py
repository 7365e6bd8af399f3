from typing import Literal

MsgsType = Literal["msgs"]

MSGS_TYPE_VALUES: set[MsgsType] = {
    "msgs",
}


def check_msgs_type(value: str) -> MsgsType:
    if value in MSGS_TYPE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {MSGS_TYPE_VALUES!r}")
