"""Running draws, and the file of a run."""
