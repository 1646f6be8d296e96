"""The product's worker, counting the statements it sends to the database (`-A benchmarks.worker`)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from config.celery import app

_statements = count()
__all__ = ["app"]


def _count(execute: Callable[..., Any], *given: Any) -> Any:  # noqa: ANN401  # Django's signature
    next(_statements)
    return execute(*given)


def _listen(connection: BaseDatabaseWrapper, **_signal: object) -> None:
    connection.execute_wrappers.append(_count)


def _tell() -> None:
    # A process that ends by a signal runs no exit hooks, so the figure is written while it lives.
    path = os.environ["STATEMENTS_FILE"] + f".{os.getpid()}"
    while True:
        threading.Event().wait(0.5)
        with open(path, "w", encoding="ascii") as file:  # noqa: PTH123  # one line, twice a second
            file.write(str(_statements.__reduce__()[1][0]))


if "STATEMENTS_FILE" in os.environ:
    connection_created.connect(_listen, weak=False)
    threading.Thread(target=_tell, daemon=True).start()
