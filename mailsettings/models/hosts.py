"""What super admins add to the lists of clouds and sign-in hosts; belongs to no organization."""

from __future__ import annotations

from django.db import models

from orgs.ids import uuid7


class CustomCloud(models.Model):
    """One more row for the table of Microsoft clouds (WPM-47)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.SlugField(max_length=40, unique=True)
    label = models.CharField(max_length=80)
    login_host = models.CharField(max_length=253)
    graph_host = models.CharField(max_length=253)
    smtp_host = models.CharField(max_length=253, blank=True)
    outlook_resource = models.CharField(max_length=260, blank=True)
    portal = models.CharField(max_length=260, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label


class SignInHost(models.Model):
    """One more host whose token endpoint may be an Access URL (COG-13)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    host = models.CharField(max_length=253, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["host"]

    def __str__(self) -> str:
        return self.host
