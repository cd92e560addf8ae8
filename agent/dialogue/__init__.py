"""The assistant: its graph, its tools, its next step, its conversations."""
