"""Custom SMTP against mail servers that nobody here wrote."""
