"""Benchmark splits: queries, references, and which of them show the same place."""
