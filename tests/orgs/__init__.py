"""Tests of the room that knows who."""
