"""The sender's domain: what the DNS says about it, and what to publish (smtp-and-oauth.md §10)."""
