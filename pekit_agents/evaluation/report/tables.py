"""The tables of a report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pekit_agents.evaluation.metrics.bootstrap import estimate
from pekit_agents.evaluation.metrics.measures import MEASURES
from pekit_agents.evaluation.metrics.recognition import Counts, count, group_accuracy, group_average
from pekit_agents.evaluation.metrics.summary import Summary
from pekit_agents.evaluation.records import Draw, Run
from pekit_agents.evaluation.report.choosing import Candidate
from pekit_agents.evaluation.report.content import Cell, Table, TableRow
from pekit_agents.evaluation.report.mistakes import confusions
from pekit_agents.evaluation.report.numbers import (
    UNDEFINED,
    duration,
    estimate_cell,
    ratio_text,
    value_text,
)

__all__ = [
    "confusion_table",
    "defined",
    "glance_table",
    "group_table",
    "measure_table",
    "provenance_table",
    "thing_table",
    "words_table",
]

_GLANCE = ("weighted", "top1", "wrong_identities")
_MOST_CONFUSIONS = 12


def glance_table(compared: Sequence[Candidate], chosen: Candidate | None) -> Table | None:
    """Return what to look at first, a row for each candidate; None without any.

    False alarms are those of where they were measured, which is told when it is elsewhere.
    """
    rows = []
    for one in compared:
        alarms = Cell(UNDEFINED)
        if one.open_set is not None:
            alarms = estimate_cell(one.open_set.estimates["alarm_share"], MEASURES["alarm_share"])
            if one.open_set is not one.named:
                where = one.open_set.configuration.condition
                alarms = Cell(alarms.text, "; ".join(part for part in (alarms.note, where) if part))
        cells = (estimate_cell(one.named.estimates[key], MEASURES[key]) for key in _GLANCE)
        time = UNDEFINED if one.named.seconds is None else duration(one.named.seconds)
        label = Cell(one.configuration.label)
        rows.append(TableRow((label, *cells, alarms, Cell(time)), marked=one is chosen))
    if not rows:
        return None
    titles = (*map(_with_unit, (*_GLANCE, "alarm_share")), "Median time of a photo")
    caption = (
        "At a glance. Mean ± standard deviation over draws; below it the 95 % interval over "
        "things. The marked row is the one recommended."
    )
    return Table(caption, ("Configuration", *titles), tuple(rows))


def measure_table(
    summaries: Sequence[Summary], keys: Sequence[str], chosen: Summary | None, caption: str
) -> Table | None:
    """Return the configurations by some measures.

    Args:
        summaries: The rows; one without any of the measures has none.
        keys: The columns; a measure that is defined nowhere has none.
        chosen: The row to mark.
        caption: How to read it.

    Returns:
        None when no measure is defined.
    """
    shown = [key for key in keys if any(s.estimates[key].mean is not None for s in summaries)]
    if not shown:
        return None
    rows = tuple(
        TableRow(
            (
                Cell(one.configuration.label),
                *(estimate_cell(one.estimates[key], MEASURES[key]) for key in shown),
            ),
            marked=one is chosen,
        )
        for one in summaries
        if any(one.estimates[key].mean is not None for key in shown)
    )
    return Table(caption, ("Configuration", *map(_with_unit, shown)), rows)


def group_table(summaries: Sequence[Summary], chosen: Summary | None) -> Table | None:
    """Return the accuracy in each part of the data set (paper Table 2); None without parts."""
    groups = sorted({t.group for s in summaries for d in s.draws for t in d.trials if t.group})
    if not groups:
        return None
    rows = []
    for one in summaries:
        cells = [
            estimate_cell(
                estimate([group_accuracy(draw, group) for draw in one.draws]), MEASURES["recall"]
            )
            for group in groups
        ]
        averages = [group_average(draw) for draw in one.draws]
        defined = [value for value in averages if value is not None]
        mean = sum(defined) / len(defined) if len(defined) == len(averages) else None
        cells.append(Cell(value_text(mean, MEASURES["recall"])))
        rows.append(TableRow((Cell(one.configuration.label), *cells), marked=one is chosen))
    caption = (
        "Photos that show a thing: how often it is named. All other parts: how often the thing "
        "is not named. The last column is the mean of the parts."
    )
    header = ("Configuration", *(f"{group} (%)" for group in groups), "Average (%)")
    return Table(caption, header, tuple(rows))


def thing_table(draws: Sequence[Draw]) -> Table:
    """Return how each thing fared, the hardest first; photos are counted over all draws."""
    totals = {name: _total(draws, name) for name in sorted({n for d in draws for n in d.known})}
    mistaken: dict[str, list[str]] = defaultdict(list)
    for thing, wrong, times in confusions(draws, of_known=True):
        mistaken[thing].append(f"{wrong} ({times})")
    order = sorted(totals, key=lambda name: (_hardness(totals[name]), name))
    rows = tuple(
        TableRow(
            (
                Cell(name),
                Cell(ratio_text(totals[name].found, totals[name].found + totals[name].missed)),
                Cell(str(totals[name].wrong)),
                Cell(value_text(totals[name].precision, MEASURES["precision"])),
                Cell(", ".join(mistaken[name][:3]) or UNDEFINED),
            )
        )
        for name in order
    )
    caption = (
        "The hardest things first, with the photos of all draws together. “Named wrongly” are "
        "photos of something else that got this name."
    )
    header = ("Thing", "Its photos named", "Named wrongly", "Precision (%)", "Named for it instead")
    return Table(caption, header, rows)


def confusion_table(draws: Sequence[Draw]) -> Table | None:
    """Return what was most often taken for what; None when nothing was."""
    pairs = confusions(draws)
    if not pairs:
        return None
    known = {name for draw in draws for name in draw.known}
    rows = tuple(
        TableRow(
            (
                Cell(thing if thing in known else f"{thing} (never remembered)"),
                Cell(name),
                Cell(str(times)),
            )
        )
        for thing, name, times in pairs[:_MOST_CONFUSIONS]
    )
    caption = f"Photos of one thing that got another's name; {len(rows)} of {len(pairs)} pairs."
    return Table(caption, ("In the photo", "Named", "Times"), rows)


def defined(summaries: Sequence[Summary]) -> list[str]:
    """Return the keys of the measures that any of the configurations has."""
    return [key for key in MEASURES if any(s.estimates[key].mean is not None for s in summaries)]


def words_table(keys: Iterable[str]) -> Table:
    """Return what each measure means and how it is worked out."""
    rows = tuple(
        TableRow((Cell(MEASURES[key].title), Cell(MEASURES[key].meaning, MEASURES[key].formula)))
        for key in keys
    )
    return Table("In small letters: how it is worked out.", ("Number", "What it says"), rows)


def provenance_table(run: Run, summaries: Sequence[Summary]) -> Table:
    """Return everything the figures depend on."""
    draws = [draw for one in summaries for draw in one.draws]
    photos = {trial.photo for draw in draws for trial in draw.trials}
    rows: dict[str, str] = {
        "Data set": run.dataset,
        "Folder": run.root,
        "Protocol": run.protocol,
        "Photos searched": str(len(photos)),
        "Things remembered at a time": _numbers(len(draw.known) for draw in draws),
        "Seeds": _numbers(draw.seed for draw in draws),
        "Wall time of the run": duration(run.seconds),
    }
    rows |= {f"Setting {name}": text for name, text in _flat(run.settings)}
    rows |= {f"Version {name}": text for name, text in _flat(run.versions)}
    cells = tuple(TableRow((Cell(name), Cell(text))) for name, text in rows.items())
    return Table("", ("", ""), cells)


def _with_unit(key: str) -> str:
    measure = MEASURES[key]
    return f"{measure.title} (%)" if measure.unit == "%" else measure.title


def _total(draws: Iterable[Draw], name: str) -> Counts:
    counts = [count(draw.trials, [name])[name] for draw in draws if name in draw.known]
    return Counts(
        found=sum(one.found for one in counts),
        missed=sum(one.missed for one in counts),
        wrong=sum(one.wrong for one in counts),
        left_alone=sum(one.left_alone for one in counts),
    )


def _hardness(counts: Counts) -> tuple[float, int]:
    return (1.0 if counts.recall is None else counts.recall, -counts.wrong)


def _numbers(values: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(set(values))))


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested settings as (dotted name, text), sorted by name."""
    rows: list[tuple[str, str]] = []
    for name, value in sorted(values.items()):
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            rows.append((f"{prefix}{name}", ", ".join(map(str, value))))
        else:
            rows.append((f"{prefix}{name}", str(value)))
    return rows
