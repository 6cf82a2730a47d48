"""Calibrating an encoder: from a folder of photos to a file that a profile can be given."""
