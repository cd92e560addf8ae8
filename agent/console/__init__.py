"""Streams, progress, pictures and Ctrl-C in a terminal."""
