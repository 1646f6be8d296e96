"""Tests of whole stories."""
