"""Consent: the account a connection was connected with, and the requests that are under way."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from mailsettings.models.connections import Connection
from orgs.ids import uuid7
from orgs.models import TenantModel


class AccountState(models.TextChoices):
    """How a connection with consent stands."""

    CONNECTED = "connected", _("Connected")
    PERMISSION_MISSING = "permission_missing", _("Permission missing")
    NEEDS_RECONNECT = "needs_reconnect", _("Reconnect needed")


class ConnectedAccount(TenantModel):
    """Who consented, to what, and whether it still holds; no row means not connected."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="accounts")
    state = models.CharField(max_length=20, choices=AccountState)
    name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=320, blank=True)
    # The issuer's own name of the account (`oid` or `sub`), and its tenant (`tid`).
    subject = models.CharField(max_length=100, blank=True)
    tenant = models.CharField(max_length=100, blank=True)
    scopes = models.JSONField(default=list)
    missing_scopes = models.JSONField(default=list)
    # The admin declared that this account may send as the Sender email (C-OAU-5).
    send_as_confirmed = models.BooleanField(default=False)
    failed_code = models.CharField(max_length=40, blank=True)
    failed_reply = models.CharField(max_length=600, blank=True)
    # What the provider told about it: its own code, the host.
    failed_facts = models.JSONField(default=dict)
    failed_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField()
    connected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["organization", "connection"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "connection"], name="one_account_per_connection")
        ]

    def __str__(self) -> str:
        return f"account of {self.connection_id}"


class ConsentRequest(TenantModel):
    """One trip to a provider's consent page: single use, ten minutes (C-OAU-1)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # SHA-256 of the state; the state itself is only in the browser's address.
    state_hash = models.BinaryField()
    # SHA-256 of the session key that began it.
    session_hash = models.BinaryField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="consents")
    # The version of the connection it was begun for.
    version = models.PositiveIntegerField()
    issuer = models.CharField(max_length=500)
    # The flow as the provider made it: verifier, nonce, scopes, redirect address.
    sealed_flow = models.BinaryField()
    # Make the connection the primary one when it passes.
    activate = models.BooleanField(default=False)
    # The address of the one other account the admin declared to send as the Sender email (C-OAU-5).
    sends_as = models.CharField(max_length=320, blank=True)
    # Why it did not pass; empty while it is under way and when it passed.
    failed_code = models.CharField(max_length=40, blank=True)
    failed_reply = models.CharField(max_length=600, blank=True)
    failed_facts = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["state_hash"], name="consent_by_state")]

    def __str__(self) -> str:
        return f"consent request {self.id}"
