"""Contains shared errors types that can be raised from API functions"""

import httpx

from .models.problem import Problem


class UnexpectedStatus(Exception):
    """Raised by api functions when the response status an undocumented status and Client.raise_on_unexpected_status is True"""

    def __init__(self, status_code: int, content: bytes):
        self.status_code = status_code
        self.content = content

        super().__init__(
            f"Unexpected status code: {status_code}\n\nResponse content:\n{content.decode(errors='ignore')}"
        )


class BoxError(Exception):
    """The server did not carry out the request.

    Attributes:
        status_code: the HTTP status
        headers: those of the response, such as Retry-After
        problem: what went wrong and what to do next; None if something else responded, such as a proxy
        code: the problem's code, such as BOX_ERR_FULL; None if there is no problem
    """

    def __init__(self, response: httpx.Response):
        self.status_code = response.status_code
        self.headers = response.headers
        self.problem: Problem | None
        try:
            self.problem = Problem.from_dict(response.json())
        except (ValueError, KeyError, TypeError):
            self.problem = None
        self.code = None if self.problem is None else self.problem.code
        said = (
            f"HTTP {response.status_code}"
            if self.problem is None
            else self.problem.detail
        )
        super().__init__(said if self.code is None else f"{self.code}: {said}")


__all__ = ["BoxError", "UnexpectedStatus"]
