"""Tests of the super admin's room."""
