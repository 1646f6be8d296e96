"""Template tags of the mail settings."""
