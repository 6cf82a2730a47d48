"""Clips: frames with times, timelines of what was seen in them, and what is made of these."""
