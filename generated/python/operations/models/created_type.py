from typing import Literal

CreatedType = Literal["created"]

CREATED_TYPE_VALUES: set[CreatedType] = {
    "created",
}


def check_created_type(value: str) -> CreatedType:
    if value in CREATED_TYPE_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {CREATED_TYPE_VALUES!r}"
    )
