"""Searching a memory: a snapshot in RAM, or an index on disk for many views."""
