"""Text to strips: no DOM, no app."""
