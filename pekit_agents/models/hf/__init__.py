"""Models of transformers: loaded from a folder or from the hub, on torch."""
