"""The LanceDB table of a user: one row for each object, changed by compare-and-set."""
