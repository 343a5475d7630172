"""The conversation store: SQLite on a writer thread."""
