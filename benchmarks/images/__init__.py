"""What reading pictures costs."""
