"""Forms for further clouds and sign-in hosts: only canonical public names get through (WPM-47, COG-13)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.hosts import hosts_of
from mailsettings.egress import egress
from providers import Egress
from providers.network import HostInvalid
from providers.network.addresses import is_local_name, literal

HOST_LENGTH: Final = 253
LABEL_LENGTH, KEY_LENGTH = 80, 40
HTTPS_PORT: Final = 443
SUFFIX: Final = re.compile(r"[a-z]{2,10}(\.[a-z]{2,10})?")
AUTHORITY: Final = re.compile(r"(?P<host>(?:https?://)?[^:\[\]]+|.*\]):(?P<port>[0-9]{1,5})", re.IGNORECASE)
TYPED: Final = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"})


def checked_name(typed: str, rules: Egress) -> str:
    """Give a host in canonical form: a public name, or an address the operator listed.

    Raises:
        forms.ValidationError: the sentence for the field.
    """
    text = typed.strip()
    if text.lower().startswith("http://"):
        raise forms.ValidationError(_("Only https is used. Enter the host name alone."))
    try:
        host = rules.field_host(re.sub(r"^https://", "", text, flags=re.IGNORECASE).removesuffix("/"))
        address = literal(host)
    except HostInvalid as error:
        raise forms.ValidationError(_(str(error))) from None
    if address is not None and not rules.is_listed(address):
        raise forms.ValidationError(
            _("Enter a name, not an address: its certificate is checked against the name.")
        )
    if address is None and is_local_name(host):
        raise forms.ValidationError(_("Enter a full public name, like login.example.com."))
    return host


def checked_host(typed: str, rules: Egress) -> str:
    """Give a host for https in canonical form, with its port where the operator listed one.

    Raises:
        forms.ValidationError: the sentence for the field.
    """
    match = AUTHORITY.fullmatch(typed.strip().removesuffix("/"))
    if match is None:
        return checked_name(typed, rules)
    host, port = checked_name(match["host"], rules), int(match["port"])
    if port == HTTPS_PORT:
        return host
    if port not in rules.allow_ports:
        raise forms.ValidationError(
            _("HTTPS is spoken on port 443. The operator of this site can add another port.")
        )
    return f"{host}:{port}"


def key_of(label: str, hosts: Mapping[str, str]) -> str:
    """Name a cloud for good: with other hosts it is another, for which no stored secret opens (C-CRY-2)."""
    digest = sha256("\n".join(hosts[name] for name in sorted(hosts)).encode()).hexdigest()[:8]
    return f"{slugify(label)[: KEY_LENGTH - 9]}-{digest}".lstrip("-")


class SignInHostForm(forms.Form):
    """One more host whose token endpoint organizations may enter as Access URL."""

    host = forms.CharField(
        label=gettext_lazy("Sign-in host"),
        max_length=HOST_LENGTH,
        help_text=gettext_lazy("Client secrets of all organizations may be sent there, over https only."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "class": "mono", "placeholder": "login.example.com"}
        ),
    )

    def clean_host(self) -> str:
        """Take a canonical host that no list has yet."""
        rules = egress()
        host = checked_host(str(self.cleaned_data["host"]), rules)
        if host in rules.https_hosts():
            raise forms.ValidationError(_("%(host)s is allowed already.") % {"host": host})
        return host


class CloudForm(forms.Form):
    """One more cloud of Microsoft: by its suffix, or host by host."""

    label = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=LABEL_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    suffix = forms.CharField(
        label=gettext_lazy("Suffix"),
        required=False,
        max_length=21,
        help_text=gettext_lazy(
            "Such as de. The hosts are then login.microsoftonline.de, graph.microsoft.de …"
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "mono", "placeholder": "de"}),
    )
    login_host = forms.CharField(
        label=gettext_lazy("Sign-in host"), required=False, max_length=HOST_LENGTH, widget=TYPED
    )
    graph_host = forms.CharField(
        label=gettext_lazy("Graph host"), required=False, max_length=HOST_LENGTH, widget=TYPED
    )
    smtp_host = forms.CharField(
        label=gettext_lazy("SMTP host"), required=False, max_length=HOST_LENGTH, widget=TYPED
    )

    def clean_suffix(self) -> str:
        """Take one or two labels of letters."""
        suffix = str(self.cleaned_data["suffix"]).strip().lower().lstrip(".")
        if suffix and not SUFFIX.fullmatch(suffix):
            raise forms.ValidationError(_("A suffix has letters only, such as de or com.br."))
        return suffix

    def clean(self) -> dict[str, Any]:
        """Fill what the suffix says, and check every host."""
        cleaned: dict[str, Any] = dict(super().clean() or {})
        suffix = cleaned.get("suffix", "")
        hosts = hosts_of(suffix) if suffix else {"outlook_resource": "", "portal": ""}
        rules = egress()
        for name in ("login_host", "graph_host", "smtp_host"):
            typed = str(cleaned.get(name) or hosts.get(name, ""))
            if not typed and name != "smtp_host" and not self.has_error("suffix"):
                self.add_error(name, _("Enter the host, or a suffix above."))
            hosts[name] = self._checked(name, typed, rules) if typed else ""
        if hosts["smtp_host"] and not suffix:
            hosts["outlook_resource"] = f"https://{hosts['smtp_host'].replace('smtp.', 'outlook.', 1)}"
        self._refuse_known(hosts, rules)
        label = " ".join(str(cleaned.get("label", "")).split())
        if label.casefold() in {cloud.label.casefold() for cloud in rules.clouds}:
            self.add_error("label", _("There is a cloud of this name already. Choose another name."))
        return cleaned | {"label": label, "key": key_of(label, hosts), "hosts": hosts}

    def _checked(self, name: str, typed: str, rules: Egress) -> str:
        # A mail server's port is the connection's own matter.
        check = checked_name if name == "smtp_host" else checked_host
        try:
            return check(typed, rules)
        except forms.ValidationError as error:
            self.add_error(name, error)
            return ""

    def _refuse_known(self, hosts: Mapping[str, str], rules: Egress) -> None:
        """A sign-in host belongs to one cloud: the first row would win and the second never be used."""
        for cloud in rules.clouds:
            if hosts["login_host"] in cloud.login_hosts:
                words = {"host": hosts["login_host"], "cloud": cloud.label}
                self.add_error("login_host", _("%(host)s belongs to the cloud %(cloud)s.") % words)
                return
