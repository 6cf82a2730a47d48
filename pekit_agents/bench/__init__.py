"""``pekit bench memory``: the promises of the memory, measured on the machine at hand.

Every row compares the product's own code with a bare one in the same run, with the two
interleaved, so that a busy machine slows both.
"""

from pekit_agents.bench.memory import BenchSizes, run_memory_bench
from pekit_agents.bench.rows import Row

__all__ = ["BenchSizes", "Row", "run_memory_bench"]
