"""A thing alone in memory, and others of its kind: the hardest photos that there are of nothing.

Somebody remembers one dog and shows photos of it, and of other dogs. Nothing else that is known
helps to tell these apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.draws import Task, candidates, draw_task
from pekit_agents.evaluation.records import NO_CATEGORY, Thing

if TYPE_CHECKING:
    from pekit_agents.evaluation.bench import Bench
    from pekit_agents.evaluation.records import Dataset, Run

__all__ = ["kinds", "kinds_of"]


def kinds(bench: Bench, refs: Sequence[int] = (1, 3), *, of: str | None = None) -> Run:
    """Measure recognition of one thing at a time among others of its kind.

    Each thing is remembered alone. Searched are its other photos, the same for all numbers of
    references, and all photos of the other things of its category. A draw remembers one thing;
    its condition is the category.

    Args:
        bench: Where to measure.
        refs: Numbers of references of a thing.
        of: The only category to measure; None takes all.

    Raises:
        InvalidInput: A number of references is none, or no category has two things of which one has
            enough photos.
    """
    if not refs or min(refs) < 1:
        raise InvalidInput(f"expected 1 reference or more, found {list(refs)}")
    _require(bench.dataset, of)
    tasks: list[Task] = []
    for seed in bench.seeds:
        tasks += _tasks(bench.measured(bench.dataset, seed), refs, seed, of)
    if not tasks:
        raise InvalidInput(
            f"expected things with {max(refs) + 1} photos or more, and another of their kind, "
            f"found none in {bench.dataset.root}; ask for fewer references or add photos"
        )
    remembered = {thing for task in tasks for thing in task.references}
    settings = {"refs": list(refs), "of": of, "used_things": len(remembered)}
    return bench.run("kinds", tasks, settings)


def kinds_of(dataset: Dataset) -> Mapping[str, tuple[Thing, ...]]:
    """Return the things of each category that has two or more, in the order of the data set."""
    found: dict[str, tuple[Thing, ...]] = {}
    for thing in dataset.things:
        if thing.category != NO_CATEGORY:
            found[thing.category] = (*found.get(thing.category, ()), thing)
    return {kind: things for kind, things in found.items() if len(things) > 1}


def _require(dataset: Dataset, of: str | None) -> None:
    known = kinds_of(dataset)
    if not known:
        raise InvalidInput(
            f"expected two things or more of one category in {dataset.root}, found none; say what "
            'each thing is in categories.json: {"<thing>": "<category>"}'
        )
    if of is not None and of not in known:
        raise InvalidInput(
            f"expected one of the kinds {', '.join(map(repr, known))}, found {of!r}; "
            "categories.json says what each thing is"
        )


def _tasks(dataset: Dataset, refs: Sequence[int], seed: int, of: str | None) -> Iterator[Task]:
    for kind, things in kinds_of(dataset).items():
        if of is not None and kind != of:
            continue
        names = {thing.name for thing in things}
        for count in refs:
            for thing in things:
                if len(candidates(dataset, thing)) >= max(refs) + (not thing.references):
                    yield _alone(dataset, thing, names, count, max(refs), seed)


def _alone(
    dataset: Dataset, thing: Thing, names: set[str], refs: int, reserve: int, seed: int
) -> Task:
    """Return a draw of one thing; of the others of its kind all photos are searched."""
    drawn = draw_task(dataset, reserve, seed, known={thing.name})
    own = drawn.references[thing.name]
    return Task(
        seed=seed,
        refs=refs,
        references={thing.name: own[:refs]},
        categories=drawn.categories,
        photos=tuple(p for p in dataset.photos if p.shows & names and p.path not in own),
        condition=thing.category,
    )
