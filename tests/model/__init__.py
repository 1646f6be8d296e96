"""The state table of delivery: searched as a whole in plain Python, and played on the real tables."""
