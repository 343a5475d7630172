"""The embedded engine: a process that speaks a part of the Ollama API over llama.cpp."""
