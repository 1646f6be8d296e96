"""Audits of every outgoing connection: who opens one, where to, and what it carries (threat model §4)."""
