"""The shape of one row of advice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext_lazy as _

Fixer = Literal["you", "microsoft_admin", "mail_admin", "recipient", "platform", "nobody"]

FIXERS = {
    "you": _("You can fix this on the Emails page"),
    "microsoft_admin": _("Your Microsoft 365 administrator can fix this"),
    "mail_admin": _("The administrator of your mail server can fix this"),
    "recipient": _("The recipient's address or mail server is the cause"),
    "platform": _("The operator of this platform can fix this"),
    "nobody": _("Nothing to do: notifications are tried again by themselves"),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """Sentences with {facts} in braces; **bold** marks words to find on a screen elsewhere."""

    title: str
    cause: str
    steps: tuple[str, ...]
    fixer: Fixer = "you"
    link: str = ""
    link_label: str = ""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What the screen says about one failure."""

    code: str
    title: str
    cause: str
    steps: tuple[str, ...]
    fixer: str
    fixer_label: str
    link: str = ""
    link_label: str = ""
