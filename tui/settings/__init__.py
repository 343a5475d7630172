"""Settings: defaults, file, environment and command line, in that order."""
