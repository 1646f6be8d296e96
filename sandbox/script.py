"""Answers prepared by a test, used up one request at a time."""

from __future__ import annotations

import threading
from collections import deque

from sandbox.http_server import Response


class Script:
    """A queue of prepared answers in front of a real one."""

    def __init__(self) -> None:
        self._answers: deque[tuple[Response, bool]] = deque()
        self._lock = threading.Lock()

    def add(self, response: Response, *, times: int = 1, after: bool = False) -> None:
        """Prepare an answer; with `after` the request is carried out first and only its answer is replaced."""
        with self._lock:
            self._answers.extend([(response, after)] * times)

    def take(self) -> tuple[Response, bool] | None:
        """The next prepared answer, and whether the request is carried out all the same."""
        with self._lock:
            return self._answers.popleft() if self._answers else None

    def clear(self) -> None:
        """Forget what was prepared."""
        with self._lock:
            self._answers.clear()
