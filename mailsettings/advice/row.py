"""The shape of one row of advice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from django.utils.translation import gettext_lazy as _

Fixer = Literal["you", "microsoft_admin", "mail_admin", "recipient", "dns", "platform", "nobody"]

FIXERS = {
    "you": _("You can fix this: check the settings on the Emails page"),
    "microsoft_admin": _("Your Microsoft 365 administrator can fix this"),
    "mail_admin": _("The administrator of your mail server can fix this"),
    "recipient": _("The recipient's address or mail server is the cause"),
    "dns": _("Whoever manages the DNS records of your domain can fix this"),
    "platform": _("The operator of this platform can fix this"),
    "nobody": _("Nothing to do: notifications are tried again by themselves"),
}


@dataclass(frozen=True)
class If:
    """A step that is shown only when a fact is known."""

    fact: str
    text: str


Steps = tuple[str | If, ...]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A closer reading of a code. All conditions given must hold; what is left out stays as in the row.

    `codes`: the provider's own codes, such as AADSTS50076, 5.7.139 or ErrorSendAsDenied.
    `said`: one of these words stands in the reply (lower case); only where no code tells causes apart.
    `fact`: a fact that is known, or `name=value`.
    `provider`: keys of providers.
    """

    codes: str = ""
    said: tuple[str, ...] = ()
    fact: str = ""
    provider: str = ""
    title: str = ""
    cause: str = ""
    steps: Steps = ()
    fixer: Fixer | None = None
    link: str | None = None
    link_label: str = ""
    commands: str | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """Sentences with {facts} in braces; **bold** marks words to find on a screen elsewhere.

    `link` is an address with {facts}; `commands` names a set of `providers.guides.COMMANDS`; of `variants`
    the first one that fits is read instead.
    """

    title: str
    cause: str
    steps: Steps
    fixer: Fixer = "you"
    link: str = ""
    link_label: str = ""
    commands: str = ""
    variants: tuple[Variant, ...] = ()


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
    commands: tuple[str, ...] = field(default=())

    @property
    def script(self) -> str:
        """The commands as one text to copy."""
        return "\n".join(self.commands)
