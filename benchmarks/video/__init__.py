"""Timelines of clips against their targets."""
