"""Screens: they lay out widgets and route intents to services."""
