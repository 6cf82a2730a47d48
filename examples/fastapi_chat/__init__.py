"""A chat service with a visual memory for each of its users."""
