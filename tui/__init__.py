"""ollama-tui: talk to a local language model from a terminal."""

__version__ = "0.1.0"
