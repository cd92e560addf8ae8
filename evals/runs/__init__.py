"""A run of the graph over a split, and the folder it is kept in."""
