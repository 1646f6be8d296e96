"""Forms of the console."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from orgs.forms import NAME_LENGTH

REASON_LENGTH = 200


class OrganizationForm(forms.Form):
    """A new organization and the person who will own it."""

    name = forms.CharField(
        label=_("Name"), max_length=NAME_LENGTH, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    owner_email = forms.EmailField(
        label=_("First owner"),
        help_text=_("Email address. This person gets an invitation and can invite others."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class OwnerForm(forms.Form):
    """One more owner, for an organization whose own owners cannot help."""

    email = forms.EmailField(
        label=_("Invite an owner"), widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )


class EnterForm(forms.Form):
    """Why a super admin acts as an organization."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        help_text=_("Recorded in their audit trail, for example the number of the support case."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
