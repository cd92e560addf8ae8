"""The localization graph, what a run of it is given, and the command line around it."""
