"""What can say what it sees in a photo: a vision-language model, or the sign reader."""
