"""Records as Rich renderables."""
