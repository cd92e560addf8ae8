"""The localization graph: its state, its nodes, its context, and one run of it."""
