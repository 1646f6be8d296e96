"""Every address of the product, read from its own map, so that a new page is tried without being listed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver


@dataclass(frozen=True)
class Address:
    """One pattern of the map, such as `/organizations/<slug:slug>/deliveries/<uuid:notification_id>/`."""

    name: str
    route: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names to fill in."""
        return tuple(re.findall(r"<(?:\w+:)?(\w+)>", self.route))

    def fill(self, values: Mapping[str, object]) -> str:
        """Give the path with its parameters filled in."""
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), self.route)


def addresses() -> list[Address]:
    """List all addresses of the product."""
    return list(_walk(get_resolver().url_patterns, "", ""))


def _walk(patterns: list[URLPattern | URLResolver], prefix: str, space: str) -> Iterator[Address]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route, f"{pattern.namespace or space}")
        elif "^" not in route:
            yield Address(f"{space}:{pattern.name}".lstrip(":"), route)
