"""The record of every description that was asked for, and of what it cost."""
