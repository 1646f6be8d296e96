"""A cursor that passes content as bytes in both directions."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connections
from django.db.backends.utils import CursorWrapper

from orgs.tenancy import ALIAS


def binary_cursor() -> CursorWrapper:
    """Give a cursor, inside tenant(), for which a kilobyte of content is not two of hexadecimal digits.

    The server binds the parameters, so one whose type the statement does not tell needs a cast.
    """
    connection = connections[ALIAS]
    plain: Any = psycopg.Cursor(connection.connection)
    plain.format = psycopg.pq.Format.BINARY
    return connection.make_debug_cursor(plain) if connection.queries_logged else connection.make_cursor(plain)
