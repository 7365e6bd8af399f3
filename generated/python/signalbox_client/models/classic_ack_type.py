from typing import Literal

ClassicAckType = Literal["ack"]

CLASSIC_ACK_TYPE_VALUES: set[ClassicAckType] = {
    "ack",
}


def check_classic_ack_type(value: str) -> ClassicAckType:
    if value in CLASSIC_ACK_TYPE_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {CLASSIC_ACK_TYPE_VALUES!r}"
    )
