from typing import Literal

AckType = Literal["ack"]

ACK_TYPE_VALUES: set[AckType] = {
    "ack",
}


def check_ack_type(value: str) -> AckType:
    if value in ACK_TYPE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {ACK_TYPE_VALUES!r}")
