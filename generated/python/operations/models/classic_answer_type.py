from typing import Literal

ClassicAnswerType = Literal["ack", "created", "msgs"]

CLASSIC_ANSWER_TYPE_VALUES: set[ClassicAnswerType] = {
    "ack",
    "created",
    "msgs",
}


def check_classic_answer_type(value: str) -> ClassicAnswerType:
    if value in CLASSIC_ANSWER_TYPE_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {CLASSIC_ANSWER_TYPE_VALUES!r}"
    )
