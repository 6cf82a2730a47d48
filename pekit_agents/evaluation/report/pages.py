"""Puts a report together: which tables, curves and pictures of a run, in which order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pekit_agents.evaluation.metrics.measures import MEASURES
from pekit_agents.evaluation.metrics.summary import Configuration, Summary, summarise
from pekit_agents.evaluation.protocols.recognition import HALF
from pekit_agents.evaluation.records import Run
from pekit_agents.evaluation.report.choosing import Candidate, Choice, choose, rivals
from pekit_agents.evaluation.report.content import Block, Figure, Page, Section
from pekit_agents.evaluation.report.kinds_page import kinds_page
from pekit_agents.evaluation.report.mistake_sections import mistake_sections
from pekit_agents.evaluation.report.numbers import percent
from pekit_agents.evaluation.report.plots import MOST_LINES, Point, measure_curves, open_set_plot
from pekit_agents.evaluation.report.probabilities import probability_figures
from pekit_agents.evaluation.report.tables import (
    defined,
    glance_table,
    group_table,
    measure_table,
    provenance_table,
    words_table,
)
from pekit_agents.evaluation.report.verdict import verdict

__all__ = ["run_page"]

_PAPER = ("precision", "recall", "specificity", "weighted")
_MORE = (
    "likeliest",
    "named_or_possible",
    "nearest",
    "alarm_share",
    "others_named",
    "sure_wrong_share",
    "others_possible",
    "false_alarms",
    "ambiguous_share",
    "ambiguous_right",
)
_PLACES = tuple(key for key in MEASURES if key.startswith("detection"))
_CURVED = ("weighted", "alarm_share")


def run_page(run: Run, budget: float, prefix: str) -> Page:
    """Return the report of a run.

    Args:
        run: With at least one draw.
        budget: The share of photos without any known thing in which a false alarm is borne.
        prefix: Of the names of picture files.
    """
    if run.protocol == "kinds":
        return kinds_page(run, prefix)
    summaries = summarise(run.draws)
    choice = choose(summaries, budget)
    half = [one for one in summaries if one.configuration.condition == HALF]
    sections = [
        Section("Configurations", _tables(summaries, choice)),
        Section("Curves", _curves(summaries, choice, budget, prefix)),
        Section("Probabilities", probability_figures(half, prefix)),
        *(mistake_sections(run, choice.chosen, prefix) if choice else ()),
        Section("What the numbers say", (words_table(defined(summaries)),)),
        Section("How it was measured", (provenance_table(run, summaries),)),
    ]
    title = f"{run.dataset}: {run.protocol}"
    return Page(title, verdict(run, choice, summaries), tuple(s for s in sections if s.blocks))


def _tables(summaries: Sequence[Summary], choice: Choice | None) -> tuple[Block, ...]:
    chosen = choice.chosen.named if choice else None
    paper = "The measures of the paper's Table 1, averaged over things."
    more = "What these leave open: other thresholds, photos of other things, doubts."
    places = "Right name and right place, where places are known."
    tables = (
        glance_table(choice.candidates, choice.chosen) if choice else None,
        measure_table(summaries, _PAPER, chosen, paper),
        group_table(summaries, chosen),
        measure_table(summaries, _MORE, chosen, more),
        measure_table(summaries, _PLACES, chosen, places),
    )
    return tuple(table for table in tables if table is not None)


def _curves(
    summaries: Sequence[Summary], choice: Choice | None, budget: float, prefix: str
) -> tuple[Block, ...]:
    by_refs, by_things = (
        _lines_by_refs(choice.candidates if choice else ()),
        _lines_by_things(summaries),
    )
    figures = (
        _open_set(choice, budget, f"{prefix}open-set.png") if choice else None,
        Figure(
            f"{prefix}references.png",
            measure_curves(by_refs, _CURVED, "references of each thing"),
            "Measures by the number of references of each thing.",
            "What more photos of each thing are worth. Bars are 95 % intervals over things.",
        )
        if by_refs
        else None,
        Figure(
            f"{prefix}growth.png",
            measure_curves(by_things, _CURVED, "things in memory"),
            "Measures by the number of things in memory.",
            "What a larger memory costs, with the same settings: false alarms should not rise. "
            "Bars are 95 % intervals over things.",
        )
        if by_things
        else None,
    )
    return tuple(figure for figure in figures if figure is not None)


def _open_set(choice: Choice, budget: float, name: str) -> Figure | None:
    best = [choice.chosen, *rivals(choice)][:MOST_LINES]
    ordered = [one for one in choice.candidates if any(one is each for each in best)]
    data = open_set_plot([one.open_set for one in ordered if one.open_set], budget)
    if data is None:
        return None
    caption = (
        "Each line is one configuration at every threshold, each large mark where it stands with "
        f"its own. Up and to the left is better; the dotted line is the budget of {percent(budget)}"
        ". A mark below its line: another threshold, or fewer undecided answers, would do better."
    )
    alt = "Right name first over photos with a false alarm, for all thresholds."
    return Figure(name, data, alt, caption)


def _lines_by_refs(compared: Sequence[Candidate]) -> dict[str, list[Point]]:
    lines: dict[str, list[Point]] = defaultdict(list)
    for one in compared:
        key = one.configuration
        estimates = dict(one.named.estimates)
        if one.alarms is not None:
            estimates["alarm_share"] = one.alarms
        lines[_joined(key.recognizer, key.condition)].append((key.refs, estimates))
    return _rising(lines)


def _lines_by_things(summaries: Sequence[Summary]) -> dict[str, list[Point]]:
    lines: dict[str, list[Point]] = defaultdict(list)
    for one in summaries:
        key = one.configuration
        rest = [part for part in key.condition.split(",") if not _is_size(part)]
        label = _joined(Configuration(key.recognizer, key.refs).label, *rest)
        lines[label].append((one.things, one.estimates))
    return _rising(lines)


def _rising(lines: Mapping[str, list[Point]]) -> dict[str, list[Point]]:
    """Return the lines of at least two places, each from left to right."""
    return {
        label: sorted(points, key=lambda point: point[0])
        for label, points in lines.items()
        if len({x for x, _ in points}) > 1
    }


def _is_size(part: str) -> bool:
    return part.strip().startswith("objects=")


def _joined(*parts: str) -> str:
    return ", ".join(part.strip() for part in parts if part.strip())
