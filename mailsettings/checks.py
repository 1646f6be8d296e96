"""System checks of this room: a wrong default mailer is named before anything is served."""

from __future__ import annotations

from collections.abc import Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from mailsettings.default_mailer import parse_default_mailer
from mailsettings.egress import operator_rules


@register()
def check_mailer(app_configs: Sequence[AppConfig] | None, **_kwargs: object) -> list[CheckMessage]:
    """Read CLOUDS_FILE and DEFAULT_MAILER_URL once, so that a slip is told at the start; asks no database."""
    del app_configs
    try:
        operator_rules()
        if settings.DEFAULT_MAILER_URL:
            parse_default_mailer(settings.DEFAULT_MAILER_URL)
    except (ValueError, OSError) as error:
        return [Error(f"CLOUDS_FILE cannot be used: {error}", id="mailsettings.E001")]
    except ImproperlyConfigured as error:
        return [Error(str(error), id="mailsettings.E002")]
    return []
