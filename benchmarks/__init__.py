"""Makers' tools: what the toolkit promises, measured; not installed, run from a clone."""
