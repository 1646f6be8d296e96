"""A secret that stays hidden wherever Python would show it."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

MASK: Final = "•••"
HINT_FROM: Final = 16
T = TypeVar("T")


class SecretText:
    """A secret that no repr, format, copy, pickle or JSON gives away; opened inside `providers` only."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the clear text; called inside `providers` only, which a test watches over."""
        return self._value

    def sealed_by(self, seal: Callable[[bytes], T]) -> T:
        """Hand the clear text to a sealing function and give its answer, so that callers never hold it."""
        return seal(self._value.encode())

    def hint(self) -> str:
        """Give the last four characters of a secret long enough to spare them, else nothing."""
        return self._value[-4:] if len(self._value) >= HINT_FROM else ""

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretText):
            return NotImplemented
        return hmac.compare_digest(
            self._value.encode(errors="surrogatepass"), other._value.encode(errors="surrogatepass")
        )

    def __hash__(self) -> int:
        # One value for all: a hash must not tell two secrets apart.
        return hash(SecretText)

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __copy__(self) -> SecretText:
        return self

    def __deepcopy__(self, memo: object) -> SecretText:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A secret is not pickled.")
