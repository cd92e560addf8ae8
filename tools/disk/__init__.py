"""Writing whole files, and locks between processes."""
