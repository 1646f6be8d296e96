"""Tests of the sender's domain, against a real name server on loopback."""
