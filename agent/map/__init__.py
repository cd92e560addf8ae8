"""The HTML page with a map of an index or of an answer."""
