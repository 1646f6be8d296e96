"""Commands of the mail settings room."""
