"""What a server bears: many users at once, and one who means harm."""
