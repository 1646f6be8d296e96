"""Figures as JSON, each with a reference measured in the same run; never a timed test."""
