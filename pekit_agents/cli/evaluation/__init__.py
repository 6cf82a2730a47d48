"""``pekit eval``: one file for each group of its commands."""
