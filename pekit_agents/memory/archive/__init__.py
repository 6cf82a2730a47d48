"""Export and import of a memory, as one file."""
