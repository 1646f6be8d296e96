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
    """A person of the demo; the password is printed for everybody to see."""

    email: str
    password: str
    name: str
    who: str


CONTOSO = SignIn(
    email="orgadmin@contoso.com",
    password="contoso-admin-demo",  # noqa: S106  # public
    name="Contoso Admin",
    who="Contoso, whose mail settings are yours to type",
)
FABRIKAM = SignIn(
    email="admin@fabrikam.com",
    password="fabrikam-admin-demo",  # noqa: S106  # public
    name="Fabrikam Admin",
    who="Fabrikam, which sends through the sandbox",
)
SUPER_ADMIN = SignIn(
    email="superadmin@example.com",
    password="super-admin-demo",  # noqa: S106  # public
    name="Super Admin",
    who="all organizations",
)
SIGN_INS = (CONTOSO, FABRIKAM, SUPER_ADMIN)
