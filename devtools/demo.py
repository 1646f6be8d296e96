"""Who signs in to the demo, and what `devtools.prepare` found or made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Prepared(IntEnum):
    """What is in the database once it is ready; the exit code of `devtools.prepare`."""

    DEMO = 0
    OWN_DATA = 10
    NO_SUPER_ADMIN = 11


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """A person of the demo."""

    email: str
    password: str
    name: str
    what: str


CONTOSO = SignIn(
    email="orgadmin@contoso.example",
    password="contoso-demo-pass",  # noqa: S106  # printed for everybody
    name="Olivia Contoso",
    what="owner of Contoso, whose mail settings are still empty",
)
FABRIKAM = SignIn(
    email="admin@fabrikam.example",
    password="fabrikam-demo-pass",  # noqa: S106  # printed for everybody
    name="Farid Fabrikam",
    what="owner of Fabrikam, which sends through the sandbox",
)
SUPER_ADMIN = SignIn(
    email="superadmin@mailroom.example",
    password="mailroom-demo-pass",  # noqa: S106  # printed for everybody
    name="Sam Superadmin",
    what="super admin: all organizations",
)
SIGN_INS = (CONTOSO, FABRIKAM, SUPER_ADMIN)
