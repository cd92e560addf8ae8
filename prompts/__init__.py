"""Versioned prompt texts. No logic lives here."""
