"""Sizes and times of the models of the profiles."""
