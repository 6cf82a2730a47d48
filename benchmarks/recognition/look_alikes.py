"""What the colours of matched patches are worth, and how much they should weigh.

``python -m benchmarks.recognition.look_alikes LOOK-ALIKES --more THINGS --statistics PHOTOS``
remembers half of the things of a data set, whose other half and ``--more`` calibrate, and searches
their other photos with each weight of ``reranking``, and each share that makes sure. The weight 0
compares patch by patch and makes nothing of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pekit_agents.evaluation.bench import Bench
    from pekit_agents.evaluation.draws import Task
    from pekit_agents.evaluation.recognizers.lineup import Job
    from pekit_agents.evaluation.recognizers.recognizer import Recognizer

_MEASURES = ("top1", "likeliest", "wrong_share")


class Weights:
    """The product with several weights of colours and shares that make sure.

    Args:
        bench: Where to measure.
        weights: Log-odds for a unit more of agreement in colour.
        shares: As ``sure`` of the settings.
    """

    def __init__(self, bench: Bench, weights: Sequence[float], shares: Sequence[float]) -> None:
        self._bench = bench
        self._all = [(weight, sure) for sure in shares for weight in weights]

    @property
    def names(self) -> tuple[str, ...]:
        """One name for each pair."""
        return tuple(f"colour {weight:g}, sure {sure:g}" for weight, sure in self._all)

    def recognizers(self, seed: int) -> Sequence[Recognizer]:
        """Return the product with each."""
        from pekit_agents.evaluation.recognizers.kit import PeKitRecognizer
        from pekit_agents.settings import RerankSettings

        features = self._bench.features
        profile = self._bench.profile_for(seed) or features.profile
        return [
            PeKitRecognizer(
                features,
                name=name,
                profile=replace(
                    profile,
                    reranking=RerankSettings(colour=weight),
                    matching=replace(profile.matching, sure=sure),
                ),
            )
            for name, (weight, sure) in zip(self.names, self._all, strict=True)
        ]

    def jobs(self, tasks: Iterable[Task]) -> list[Job]:
        """Return what makes the features for these tasks."""
        from pekit_agents.evaluation.recognizers.lineup import feature_jobs

        return feature_jobs(self._bench.features, tasks)


def main() -> None:
    """Measure each weight on the same photos."""
    from pekit_agents.evaluation.bench import Bench, default_cache
    from pekit_agents.evaluation.datasets import load_dataset
    from pekit_agents.evaluation.datasets.files import photos_in
    from pekit_agents.evaluation.draws import draw_task, usable
    from pekit_agents.evaluation.metrics.summary import summarise

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recognition.look_alikes", description=__doc__
    )
    parser.add_argument("look_alikes", type=Path)
    parser.add_argument("--more", type=Path, nargs="*", default=[])
    parser.add_argument("--statistics", type=Path, nargs="*", default=[])
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--weights", type=float, nargs="+", default=[0, 5, 10, 15, 20, 30])
    parser.add_argument("--shares", type=float, nargs="+", default=[0.9])
    parser.add_argument("--draws", type=int, default=3)
    options = parser.parse_args()
    bench = Bench(
        load_dataset(options.look_alikes),
        seeds=range(options.draws),
        held_out=True,
        more=[load_dataset(folder) for folder in options.more],
        statistics=[path for folder in options.statistics for path in photos_in(folder)],
        cache=options.cache,
    )
    bench = replace(bench, loaded=bench.base)
    tasks = [
        draw_task(usable(bench.measured(bench.dataset, seed), 3), refs, seed, reserve=3)
        for seed in bench.seeds
        for refs in (1, 3)
    ]
    lineup = Weights(bench, options.weights, options.shares)
    run = bench.run("look-alikes", tasks, {}, lineup=lineup)
    print(f"{'':34}{'right named':>24}{'likeliest right':>24}{'wrong and certain':>24}")
    for summary in summarise(run.draws):
        cells = []
        for measure in _MEASURES:
            found = summary.estimates[measure]
            between = "" if found.interval is None else " [{:.2f}, {:.2f}]".format(*found.interval)
            cells.append("-" if found.mean is None else f"{found.mean:.3f}{between}")
        row = f"{summary.configuration.recognizer}, {summary.configuration.refs} ref."
        print(f"{row:34}" + "".join(f"{cell:>24}" for cell in cells))


if __name__ == "__main__":
    main()
