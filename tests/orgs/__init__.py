"""Tests of people, organizations and tenancy."""
