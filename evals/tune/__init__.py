"""Choosing settings from recorded runs: rescoring, sweeps, the threshold, the paper's tables."""
