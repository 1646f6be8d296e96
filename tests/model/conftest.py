"""The same ground as the stories of the outbox."""

from tests.notifications.conftest import reachable

__all__ = ["reachable"]
