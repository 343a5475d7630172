"""Files on their way into a message: read, checked, made ready, stored."""
