"""Widgets: reactive state down, messages up."""
