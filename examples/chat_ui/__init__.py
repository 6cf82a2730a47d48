"""A chat in the browser that learns to recognise one's own things."""
