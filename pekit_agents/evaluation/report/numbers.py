"""Numbers as readers see them."""

from __future__ import annotations

from pekit_agents.evaluation.metrics.bootstrap import Difference, Estimate
from pekit_agents.evaluation.metrics.measures import Measure
from pekit_agents.evaluation.report.content import Cell

__all__ = [
    "UNDEFINED",
    "change_cell",
    "duration",
    "estimate_cell",
    "percent",
    "percent_range",
    "points",
    "ratio_text",
    "value_text",
]

UNDEFINED = "\N{EN DASH}"


def percent(share: float) -> str:
    """Return a share in whole percent: "93 %"; small but not nothing is "<1 %"."""
    if 0 < share < 0.005:
        return "<1 %"
    return f"{100 * share:.0f} %"


def percent_range(interval: tuple[float, float]) -> str:
    """Return an interval of shares in whole percent: "85 to 97 %"."""
    return f"{100 * interval[0]:.0f} to {100 * interval[1]:.0f} %"


def points(difference: float) -> str:
    """Return a difference of shares in percentage points, with its sign: "+2.4"."""
    return f"{100 * difference:+.1f}".replace("-", "\N{MINUS SIGN}")


def ratio_text(part: int, whole: int) -> str:
    """Return "9 of 12", or a dash when there are none."""
    return f"{part} of {whole}" if whole else UNDEFINED


def value_text(value: float | None, measure: Measure) -> str:
    """Return a measure in its unit: "93.1" percent or "0.42"; a dash when undefined."""
    if value is None:
        return UNDEFINED
    return f"{100 * value:.1f}" if measure.unit == "%" else f"{value:.2f}"


def estimate_cell(estimate: Estimate, measure: Measure) -> Cell:
    """Return "93.1 ± 1.2" over its interval and what was left out."""
    text = value_text(estimate.mean, measure)
    if estimate.mean is not None and estimate.sd is not None:
        text += f" ± {value_text(estimate.sd, measure)}"
    notes = []
    if estimate.interval is not None:
        low, high = (value_text(end, measure) for end in estimate.interval)
        notes.append(f"{low} to {high}")
    if estimate.mean is not None and estimate.left_out:
        notes.append(f"without {estimate.left_out} thing{'' if estimate.left_out == 1 else 's'}")
    if estimate.mean is not None and estimate.undefined:
        notes.append(f"undefined in {estimate.undefined} of {estimate.draws + estimate.undefined}")
    return Cell(text, "; ".join(notes))


def change_cell(change: Difference, measure: Measure) -> Cell:
    """Return a signed difference over its interval."""
    if change.mean is None:
        return Cell(UNDEFINED)
    note = ""
    if change.interval is not None:
        note = " to ".join(_signed(end, measure) for end in change.interval)
    return Cell(_signed(change.mean, measure), note)


def duration(seconds: float) -> str:
    """Return a wall time: "0.21 s", "48 s", "3 min 20 s", "2 h 5 min"."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _signed(value: float, measure: Measure) -> str:
    if measure.unit == "%":
        return points(value)
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")
