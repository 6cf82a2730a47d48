"""Applications to copy from: see docs/examples.md."""
