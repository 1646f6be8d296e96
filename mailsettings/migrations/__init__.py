"""Schema changes of the mail settings."""
