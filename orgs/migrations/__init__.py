"""Schema of this room, in order."""
