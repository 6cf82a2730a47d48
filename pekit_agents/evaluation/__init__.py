"""How good is a configuration, on the paper's data sets or on one's own photos, and why."""
