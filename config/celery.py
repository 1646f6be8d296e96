"""The Celery app: a doorbell, never the truth (architecture §5)."""

from __future__ import annotations

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("mailroom", fixups=["config.celery_fixup:fixup"], set_as_current=True)
app.config_from_object(
    {
        "broker_transport_options": {"socket_timeout": 1, "socket_connect_timeout": 1, "max_retries": 0},
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_publish_retry": False,
        "task_ignore_result": True,
        "task_acks_late": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        # Sending waits on the network; threads keep one process' kept connections and caches together.
        "worker_pool": "threads",
        "timezone": "UTC",
        "enable_utc": True,
        "beat_schedule": {
            "sweep": {"task": "notifications.tasks.sweep", "schedule": 30.0},
            "audit_heads": {"task": "orgs.tasks.print_audit_heads", "schedule": crontab(hour=4, minute=11)},
            "prune": {"task": "notifications.tasks.prune", "schedule": crontab(hour=3, minute=17)},
        },
    }
)


@app.on_configure.connect
def read_environment(sender: Celery, **_kwargs: object) -> None:
    """Take the broker's address from the product's settings."""
    from django.conf import settings  # noqa: PLC0415  # settings are read when the app is configured

    sender.conf.update(broker_url=settings.REDIS_URL)


app.autodiscover_tasks(["notifications", "orgs"])
