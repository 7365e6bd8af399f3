class BoxError(Exception):
    """The server did not do what was asked.

    Attributes:
        status_code: the HTTP status
        headers: those of the answer, like Retry-After
        problem: what went wrong and what to do next; None where something else answered, like a proxy
        code: the problem's code, like BOX_ERR_FULL; None if there is no problem
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
        said = f"HTTP {response.status_code}" if self.problem is None else self.problem.detail
        super().__init__(said if self.code is None else f"{self.code}: {said}")
