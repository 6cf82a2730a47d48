"""Questions about personal objects, answered by an LVLM and marked."""
