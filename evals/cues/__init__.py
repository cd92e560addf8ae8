"""Checks of what descriptions say."""
