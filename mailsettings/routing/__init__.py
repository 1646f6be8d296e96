"""Rules that send some mail through a certain connection: conditions, matching, verbs, pages (WPM-34)."""
