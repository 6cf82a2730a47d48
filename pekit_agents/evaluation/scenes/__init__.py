"""Scenes composed of photos of a data set, with a box for each thing."""
