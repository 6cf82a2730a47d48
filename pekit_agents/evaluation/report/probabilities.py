"""The figures that say how far probabilities can be relied on."""

from __future__ import annotations

from collections.abc import Sequence

from pekit_agents.evaluation.metrics.reliability import Reliability, reliability
from pekit_agents.evaluation.metrics.summary import Summary
from pekit_agents.evaluation.report.content import Figure
from pekit_agents.evaluation.report.plots import detection_error_plot, reliability_plot

__all__ = ["probability_figures"]


def probability_figures(summaries: Sequence[Summary], prefix: str) -> tuple[Figure, ...]:
    """Return the reliability diagram and the detection-error tradeoff.

    Args:
        summaries: Configurations that were shown photos of known and of other things.
        prefix: Of the names of picture files.

    Returns:
        Nothing where no configuration knows probabilities.
    """
    found = {one.configuration.label: reliability(one.draws) for one in summaries}
    reliable = {label: each for label, each in found.items() if each is not None}
    if not reliable:
        return ()
    first = sorted(summaries, key=lambda one: one.configuration.label not in reliable)  # stable
    errors = detection_error_plot(first)
    figures = [
        Figure(
            f"{prefix}reliability.png",
            reliability_plot(reliable),
            "The share of answers that are right over the probability that was said.",
            _caption(reliable),
        )
    ]
    if errors is not None:
        figures.append(
            Figure(
                f"{prefix}detection-error.png",
                errors,
                "Misses over false alarms for all thresholds.",
                "Each line is one configuration at every threshold on its scores, each large mark "
                "where it stands with its own decisions. Down and to the left is better. A miss is "
                "a photo of a known thing whose right name does not come first; a false alarm is a "
                "photo of other things in which something is named.",
            )
        )
    return tuple(figures)


def _caption(found: dict[str, Reliability]) -> str:
    worst = [each.largest for each in found.values() if each.largest is not None]
    text = (
        "On the dotted line what is said to be 80 % likely is right in 80 %. Each photo counts "
        "with its strongest answer; photos of known and of other things count the same in all. "
        "Bars are 95 % intervals over things."
    )
    if worst:
        text += f" The largest deviation is {100 * max(worst, key=abs):+.1f} points."
    return text
