"""The one error of this application."""


class Refused(Exception):
    """A request is answered with this status."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
