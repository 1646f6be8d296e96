"""Tests of how a message leaves."""
