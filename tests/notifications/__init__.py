"""Tests of the outbox and its delivery."""
