"""What the models make of a photo, computed once and kept."""
