"""Rows of the memory's promises, each with what was reached on the machine at hand.

Every row compares the product's own code with a bare one in the same run, with the two
interleaved, so that a busy machine slows both.
"""
