"""Recognition (paper Tables 1 and 2): all photos against all things; and the open set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.draws import draw_task, half_of, usable

if TYPE_CHECKING:
    from pekit_agents.evaluation.bench import Bench
    from pekit_agents.evaluation.records import Run

__all__ = ["HALF", "recognition"]

#: The condition of draws in which a random half of the things is unknown.
HALF = "half known"


def recognition(bench: Bench, refs: Sequence[int] = (1, 3), *, open_set: bool = True) -> Run:
    """Measure recognition with one or several numbers of references.

    In each draw every thing is introduced and every photo that introduces none is searched; all
    numbers of references search the same photos.

    Args:
        bench: Where to measure.
        refs: Numbers of references of each thing.
        open_set: Whether each draw is repeated with a random half of the things unknown.

    Raises:
        InvalidInput: Too few things have enough photos.
    """
    if not refs or min(refs) < 1:
        raise InvalidInput(f"expected 1 reference or more, found {list(refs)}")
    dataset = usable(bench.dataset, max(refs))
    tasks = []
    for seed in bench.seeds:
        measured = usable(bench.measured(dataset, seed), max(refs))
        half = half_of(measured, seed, "known")
        for count in refs:
            tasks.append(draw_task(measured, count, seed, reserve=max(refs)))
            if open_set:
                tasks.append(
                    draw_task(measured, count, seed, reserve=max(refs), known=half, condition=HALF)
                )
    settings = {"refs": list(refs), "open_set": open_set, "used_things": len(dataset.things)}
    return bench.run("recognition", tasks, settings)
