"""Recognition against its targets, and what each of its numbers is worth."""
