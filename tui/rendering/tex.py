"""Mathematics in LaTeX made readable in plain text."""


def to_unicode(source: str, mark: str) -> str:
    """Return `source` in Unicode."""
    return source.strip()
