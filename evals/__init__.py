"""Labelled photographs, what is measured on them, and the demo town."""
