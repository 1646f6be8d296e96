"""What a developer or a newcomer starts: servers of a laptop, demo, checks. Not part of the product."""
