"""Tests of the mail settings."""
