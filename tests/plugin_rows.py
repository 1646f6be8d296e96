"""Prints which rows of the feature list and which controls passing tests carry."""

from __future__ import annotations
