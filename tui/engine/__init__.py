"""The embedded engine: a process that speaks a part of the Ollama API over llama.cpp."""

VERSION = "0.33.0-embedded"
"""The version of Ollama whose API it follows."""
