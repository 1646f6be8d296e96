"""The room that knows who: people, organizations, tenancy, audit."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class OrgsConfig(AppConfig):
    """Who: users, organizations, memberships, tenancy, audit."""

    name = "orgs"
    verbose_name = "Organizations"

    def ready(self) -> None:
        """Register the system checks, and hook into `migrate`: grants before, reserved rows after."""
        from orgs import checks, setup  # noqa: F401, PLC0415  # models are not loaded earlier

        pre_migrate.connect(setup.prepare_schema, sender=self)
        post_migrate.connect(setup.create_reserved_rows, sender=self)
