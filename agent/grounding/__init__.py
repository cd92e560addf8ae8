"""What a model's reply may state."""
