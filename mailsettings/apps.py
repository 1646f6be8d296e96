"""The room that knows through what an organization sends."""

from __future__ import annotations

from django.apps import AppConfig


class MailSettingsConfig(AppConfig):
    """Through what an organization sends: connections, secrets, drafts."""

    name = "mailsettings"
    verbose_name = "Mail settings"

    def ready(self) -> None:
        """Register the system checks of this room, and hang its panel into the Emails page."""
        from mailsettings import checks  # noqa: F401, PLC0415  # Django wants checks imported when apps are ready
        from mailsettings.domain.gate import hang_notice  # noqa: PLC0415  # needs the models, which come first
        from mailsettings.domain.panel import hang_panel  # noqa: PLC0415  # as above

        hang_notice()
        hang_panel()
