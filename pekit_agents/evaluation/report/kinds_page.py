"""The report of a run in which each thing was remembered alone, among others of its kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pekit_agents.evaluation.all_kinds import ALONE, all_kinds
from pekit_agents.evaluation.metrics.bootstrap import Estimate
from pekit_agents.evaluation.metrics.summary import Summary, summarise
from pekit_agents.evaluation.records import Run
from pekit_agents.evaluation.report.choosing import Candidate
from pekit_agents.evaluation.report.content import Page, Section, Table
from pekit_agents.evaluation.report.mistake_sections import mistake_sections
from pekit_agents.evaluation.report.numbers import percent, percent_range
from pekit_agents.evaluation.report.probabilities import probability_figures
from pekit_agents.evaluation.report.tables import (
    defined,
    measure_table,
    provenance_table,
    words_table,
)

__all__ = ["kinds_page"]

_READ = (
    "Each thing is alone in memory. Its other photos are searched, and all photos of other things "
    "of its kind. Below a figure stands its 95 % interval over things."
)


def kinds_page(run: Run, prefix: str) -> Page:
    """Return the report of a run of the kinds protocol.

    Args:
        run: With at least one draw.
        prefix: Of the names of picture files.
    """
    whole, parts = all_kinds(run), summarise(run.draws)
    ours = whole[0].configuration.recognizer  # the kit comes first
    kit = [one for one in whole if one.configuration.recognizer == ours]
    most = max(kit, key=lambda one: one.configuration.refs)
    sections = [
        Section("All kinds", _tables(whole)),
        Section("Kind by kind", _tables(parts)),
        Section("Probabilities", probability_figures(whole, prefix)),
        *mistake_sections(run, Candidate(most, most), prefix),
        Section("What the numbers say", (words_table(defined(whole)),)),
        Section("How it was measured", (provenance_table(run, whole),)),
    ]
    shown = tuple(section for section in sections if section.blocks)
    return Page(f"{run.dataset}: {run.protocol}", tuple(map(_in_words, kit)), shown)


def _tables(summaries: Sequence[Summary]) -> tuple[Table, ...]:
    table = measure_table(summaries, ALONE, None, _READ)
    return () if table is None else (table,)


def _in_words(one: Summary) -> str:
    return f"{one.configuration.label}: {', '.join(_parts(one))}."


def _parts(one: Summary) -> Iterator[str]:
    said = one.estimates
    yield f"a thing is named in {_share(said['top1'])} of its other photos"
    yield f"another of its kind is named in {_share(said['others_named'])} of its photos"
    if said["sure_wrong_share"].mean is not None:
        yield f"with a probability of 80 % or more in {_share(said['sure_wrong_share'])}"
        yield f"and asked about in {_share(said['others_possible'])}"


def _share(found: Estimate) -> str:
    if found.mean is None:
        return "none"
    text = percent(found.mean)
    return text if found.interval is None else f"{text} ({percent_range(found.interval)})"
