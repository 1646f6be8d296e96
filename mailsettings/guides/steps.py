"""A provider's guide as it is shown: every step with the organization's own values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from mailsettings.advice.facts import facts
from mailsettings.advice.filling import complete, fill, fill_commands, sentence
from mailsettings.models import Connection
from mailsettings.vault import typed_settings
from providers import Provider

# A guide names what the admin's own portal calls it, not "the sender" of a failed message.
PLACES: Final[Mapping[str, str]] = {"mailbox": "the mailbox that sends", "sender": "the sender"}


@dataclass(frozen=True, kw_only=True)
class FilledStep:
    """One step, ready for the screen."""

    title: str
    text: str
    link: str
    link_label: str
    commands: tuple[str, ...]

    @property
    def script(self) -> str:
        """The commands as one text to copy."""
        return "\n".join(self.commands)


def guide_of(chosen: Provider, connection: Connection | None = None) -> tuple[FilledStep, ...]:
    """Give the guide of a provider, filled with the values of a saved connection of it, if there is one."""
    known = complete({**PLACES, **known_of(chosen, connection)})
    return tuple(
        FilledStep(
            title=sentence(step.title, known),
            text=sentence(step.text, known),
            link=link,
            link_label=_(step.link_label) if link else "",
            commands=fill_commands(step.commands, known),
        )
        for step in chosen.guide
        for link in [https(fill(step.link, known))]
    )


def known_of(chosen: Provider, connection: Connection | None) -> dict[str, str]:
    """Give what may be named of a saved connection; without one only what the product itself knows."""
    values = connection.settings if connection and connection.provider == chosen.key else {}
    return facts(chosen, typed_settings(chosen, values, {}))


def https(address: str) -> str:
    """Give a web address, or nothing where the values for it are not known."""
    return address if address.startswith("https://") else ""
