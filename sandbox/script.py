"""Answers prepared by a test, used up one request at a time."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Script(Generic[Answer]):
    """A queue of prepared answers in front of the real one."""

    def __init__(self) -> None:
        self._answers: deque[tuple[Answer, bool]] = deque()
        self._lock = threading.Lock()

    def add(self, answer: Answer, *, times: int = 1, after: bool = False) -> None:
        """Prepare an answer; with `after` the request is carried out first, only its answer is replaced."""
        with self._lock:
            self._answers.extend([(answer, after)] * times)

    def take(self) -> tuple[Answer | None, bool]:
        """The next prepared answer, and whether the request is to be carried out."""
        with self._lock:
            return self._answers.popleft() if self._answers else (None, True)

    def clear(self) -> None:
        """Forget what was prepared."""
        with self._lock:
            self._answers.clear()
