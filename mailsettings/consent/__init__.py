"""Consent: connecting the account a connection sends from, and what became of it."""
