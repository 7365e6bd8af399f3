from typing import Literal

CursorAckType = Literal["ack"]

CURSOR_ACK_TYPE_VALUES: set[CursorAckType] = {
    "ack",
}


def check_cursor_ack_type(value: str) -> CursorAckType:
    if value in CURSOR_ACK_TYPE_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {CURSOR_ACK_TYPE_VALUES!r}"
    )
