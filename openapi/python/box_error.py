class SignalboxError(Exception):
    """The base class of this package's errors.

    Wrong arguments raise a ``TypeError`` or a ``ValueError``, and a timeout that you set raises a ``TimeoutError``.
    """


class BoxError(SignalboxError):
    """The server refused a request, or its response was not what the contract promises.

    Attributes:
        status: the HTTP status
        code: the contract's error code, such as BOX_ERR_FULL, or a code from the host application; None if something
            other than a box server responded, such as a proxy
        detail: what went wrong and what to do next
        retry_after: how long to wait before the next attempt, in seconds, as the server asked; 0 if it did not
        problem: the problem document (RFC 9457); None if there is none
    """

    def __init__(self, response: httpx.Response, hint: str = ""):
        self.status = response.status_code
        self.retry_after = _retry_after(response.headers.get("retry-after", ""))
        body: Any = None
        self.problem: Problem | None = None
        try:
            body = response.json()
            self.problem = Problem.from_dict(body)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass
        given = body if isinstance(body, dict) else {}
        code, detail = given.get("code"), given.get("detail")
        self.code: str | None = code if isinstance(code, str) else None
        where = " Is the URL's prefix right?" if self.status == 404 else ""
        other = f"The server responded unexpectedly, with status {self.status}.{where}"
        self.detail: str = f"{detail if isinstance(detail, str) else other} {hint}".strip()
        super().__init__(self.detail if self.code is None else f"{self.code}: {self.detail}")


def _retry_after(value: str) -> float:
    """Retry-After (RFC 9110, section 10.2.3), in seconds or as a date. At most one day."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(timezone.utc)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return 0
    return min(seconds, 86_400) if seconds > 0 else 0
