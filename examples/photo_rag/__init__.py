"""Questions to a folder of photos, by the names of one's own things."""
