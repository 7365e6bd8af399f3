from typing import Literal

ClassicCreatedType = Literal["created"]

CLASSIC_CREATED_TYPE_VALUES: set[ClassicCreatedType] = {
    "created",
}


def check_classic_created_type(value: str) -> ClassicCreatedType:
    if value in CLASSIC_CREATED_TYPE_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {CLASSIC_CREATED_TYPE_VALUES!r}"
    )
