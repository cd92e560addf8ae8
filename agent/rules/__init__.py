"""What a person wrote, understood without a model."""
