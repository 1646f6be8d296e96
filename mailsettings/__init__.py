"""Through what an organization sends: connections, secrets, drafts, advice."""
