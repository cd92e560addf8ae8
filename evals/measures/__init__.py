"""Recall, paired statistics, and photos grouped by place."""
