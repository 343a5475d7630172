"""The one table of commands and what is made from it."""
