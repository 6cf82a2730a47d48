"""How many references are enough (paper Figure 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.draws import draw_task, usable

if TYPE_CHECKING:
    from pekit_agents.evaluation.bench import Bench
    from pekit_agents.evaluation.records import Run

__all__ = ["references"]


def references(bench: Bench, most: int = 5) -> Run:
    """Measure recognition with 1, 2, ... references of each thing.

    The same photos are searched for every number, and each draw adds one reference to the one
    before it.

    Args:
        bench: Where to measure.
        most: The largest number.

    Raises:
        InvalidInput: Too few things have enough photos.
    """
    if most < 1:
        raise InvalidInput(f"expected at least 1 reference, found {most}")
    dataset = usable(bench.dataset, most)
    tasks = []
    for seed in bench.seeds:
        measured = usable(bench.measured(dataset, seed), most)
        tasks += [draw_task(measured, count, seed, reserve=most) for count in range(1, most + 1)]
    settings = {"most": most, "used_things": len(dataset.things)}
    return bench.run("references", tasks, settings)
