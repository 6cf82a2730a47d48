"""How fast this build is beside another: time and memory of the same work on the same photos."""
