from typing import Literal

ClassicMsgsType = Literal["msgs"]

CLASSIC_MSGS_TYPE_VALUES: set[ClassicMsgsType] = {
    "msgs",
}


def check_classic_msgs_type(value: str) -> ClassicMsgsType:
    if value in CLASSIC_MSGS_TYPE_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {CLASSIC_MSGS_TYPE_VALUES!r}"
    )
