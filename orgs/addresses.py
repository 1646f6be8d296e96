"""Addresses of people: what signs in must also be able to get mail."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext

LONGEST, LONGEST_LOCAL_PART = 254, 64
_valid = EmailValidator(allowlist=[])


def person_address(text: str) -> str:
    """Read an address as it is stored, in lower case; name the field when no mail could be sent there."""
    address = text.strip().lower()
    local_part = address.partition("@")[0]
    refusal = ValidationError({"email": gettext("Enter an address like name@example.com.")})
    # Quoted names and numbers in brackets are addresses by the letter, and no mail service takes them.
    if len(address) > LONGEST or len(local_part) > LONGEST_LOCAL_PART or '"' in address or "[" in address:
        raise refusal
    try:
        _valid(address)
    except ValidationError:
        raise refusal from None
    return address
