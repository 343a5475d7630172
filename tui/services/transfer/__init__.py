"""Conversations out of the store and into it: exports, and imports from here and from elsewhere."""
