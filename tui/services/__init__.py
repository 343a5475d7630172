"""Use cases, free of any user interface."""
