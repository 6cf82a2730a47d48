"""The curves of a report, drawn with matplotlib.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart; each line has a
marker of its own besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from statistics import NormalDist
from typing import Any, TypeAlias

from pekit_agents.errors import MissingDependency
from pekit_agents.evaluation.metrics.bootstrap import Estimate
from pekit_agents.evaluation.metrics.curves import open_set_curve
from pekit_agents.evaluation.metrics.measures import MEASURES
from pekit_agents.evaluation.metrics.reliability import Reliability
from pekit_agents.evaluation.metrics.summary import Summary
from pekit_agents.wording.messages import clause

try:
    import matplotlib as mpl
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
except ModuleNotFoundError as exc:
    raise MissingDependency(
        f"reports draw their curves with matplotlib ({clause(exc)}); "
        'install it with: pip install "pekit-agents[eval]"'
    ) from exc

__all__ = [
    "MOST_LINES",
    "Point",
    "detection_error_plot",
    "measure_curves",
    "open_set_plot",
    "reliability_plot",
]

#: A quantity, and measures there by their keys.
Point: TypeAlias = tuple[int, Mapping[str, Estimate]]

#: A plot takes no more lines than there are colours.
MOST_LINES = 7
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = "osD^vPX"
#: Where the normal-deviate axes have their marks, from end to end.
_SHARES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9)
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 11.0,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.usetex": False,
    "text.parse_math": False,  # a name may hold dollar signs
}


def open_set_plot(summaries: Sequence[Summary], budget: float) -> bytes | None:
    """Draw right name first over photos with a false alarm, for all thresholds.

    A large marker is where the configuration stands with its own threshold.

    Args:
        summaries: At most :data:`MOST_LINES` configurations.
        budget: Of false alarms; drawn as a line.

    Returns:
        A PNG; None when no configuration has a curve.
    """
    curves = [(one, open_set_curve(one.draws)) for one in summaries[:MOST_LINES]]
    if not any(curve for _, curve in curves):
        return None
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7, 5.4), layout="constrained")
        axes = figure.subplots()
        axes.axvline(100 * budget, color="#777777", linestyle=":", label="false-alarm budget")
        for index, (one, curve) in enumerate(curves):
            look: dict[str, Any] = {
                "color": _COLOURS[index],
                "marker": _MARKERS[index],
                "markersize": 10,
            }
            axes.plot(
                [0.0, *(100 * point.alarm_share for point in curve)],
                [0.0, *(100 * point.identified for point in curve)],
                label=_label(one.configuration.label),
                linewidth=2,
                markevery=[],
                **look,
            )
            alarms, right = one.estimates["alarm_share"].mean, one.estimates["top1"].mean
            if alarms is not None and right is not None:
                place = ([100 * alarms], [100 * right])
                axes.plot(*place, markeredgecolor="white", clip_on=False, zorder=3, **look)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 100)
        axes.set_xlabel("photos of none of the things in which something is named (%)")
        axes.set_ylabel("photos of a thing whose right name comes first (%)")
        figure.legend(loc="outside lower center", ncols=2, fontsize=9)
        return _png(figure)


def reliability_plot(lines: Mapping[str, Reliability]) -> bytes:
    """Draw the share of answers that are right over the probability that was said.

    Below it stands which share of the answers has which probability.

    Args:
        lines: Label -> what was found; those after the first :data:`MOST_LINES` are left out.

    Returns:
        A PNG.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7, 7.2), layout="constrained")
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        axes.plot([0, 100], [0, 100], color="#777777", linestyle=":", label="as said")
        for index, (label, found) in enumerate(list(lines.items())[:MOST_LINES]):
            said = [100 * each.probability for each in found.bins]
            right = [100 * each.right for each in found.bins]
            ends = [each.interval or (each.right, each.right) for each in found.bins]
            look: dict[str, Any] = {"color": _COLOURS[index], "marker": _MARKERS[index]}
            axes.errorbar(
                said,
                right,
                yerr=(
                    [max(r - 100 * low, 0) for r, (low, _) in zip(right, ends, strict=True)],
                    [max(100 * high - r, 0) for r, (_, high) in zip(right, ends, strict=True)],
                ),
                label=f"{_label(label)}: calibration error {100 * found.error:.1f} points",
                linewidth=2,
                elinewidth=1,
                capsize=3,
                **look,
            )
            below.plot(said, [100 * each.weight for each in found.bins], linewidth=2, **look)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 103)
        axes.set_ylabel("answers that are right (%)")
        below.set_ylim(bottom=0)
        below.set_ylabel("share of answers (%)")
        below.set_xlabel("probability that was said (%)")
        figure.legend(loc="outside lower center", ncols=1, fontsize=9)
        return _png(figure)


def detection_error_plot(summaries: Sequence[Summary]) -> bytes | None:
    """Draw misses over false alarms for all thresholds, on normal-deviate axes (DET).

    Scores that are normally distributed make straight lines there. A large marker is where the
    configuration stands with its own decisions.

    Args:
        summaries: At most :data:`MOST_LINES` configurations.

    Returns:
        A PNG; None when no configuration has a curve.
    """
    curves = [(one, open_set_curve(one.draws)) for one in summaries[:MOST_LINES]]
    if not any(curve for _, curve in curves):
        return None
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7, 7), layout="constrained")
        axes = figure.subplots()
        for index, (one, curve) in enumerate(curves):
            look: dict[str, Any] = {
                "color": _COLOURS[index],
                "marker": _MARKERS[index],
                "markersize": 10,
            }
            axes.plot(
                [_deviate(point.alarm_share) for point in curve],
                [_deviate(1 - point.identified) for point in curve],
                label=_label(one.configuration.label),
                linewidth=2,
                markevery=[],
                **look,
            )
            alarms, right = one.estimates["others_named"].mean, one.estimates["top1"].mean
            if alarms is not None and right is not None:
                place = ([_deviate(alarms)], [_deviate(1 - right)])
                axes.plot(*place, markeredgecolor="white", clip_on=False, zorder=3, **look)
        ends = (_deviate(_SHARES[0]), _deviate(_SHARES[-1]))
        for axis, name in ((axes.xaxis, "false alarms"), (axes.yaxis, "misses")):
            axis.set_ticks([_deviate(share) for share in _SHARES])
            axis.set_ticklabels([f"{100 * share:g}" for share in _SHARES])
            axis.set_label_text(f"{name} (%)")
        axes.set_xlim(*ends)
        axes.set_ylim(*ends)
        figure.legend(loc="outside lower center", ncols=2, fontsize=9)
        return _png(figure)


def _deviate(share: float) -> float:
    """Return where a share lies on a normal-deviate axis; at its end where it lies beyond."""
    return NormalDist().inv_cdf(min(max(share, _SHARES[0]), _SHARES[-1]))


def measure_curves(lines: Mapping[str, Sequence[Point]], keys: Sequence[str], axis: str) -> bytes:
    """Draw measures over a quantity, one panel for each measure, with their intervals.

    Args:
        lines: Label -> (quantity, measures by key), by quantity; those after the first
            :data:`MOST_LINES` are left out.
        keys: Of the measures; all shares.
        axis: What the quantity is.

    Returns:
        A PNG.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7, 3.4 * len(keys) + 0.5), layout="constrained")
        panels = figure.subplots(len(keys), 1, squeeze=False)[:, 0]
        for panel, key in zip(panels, keys, strict=True):
            for index, (label, points) in enumerate(list(lines.items())[:MOST_LINES]):
                nudge = 0.02 * (index - len(lines) / 2)  # so that intervals lie side by side
                _draw_line(panel, _label(label), points, key, index, nudge)
            panel.set_title(MEASURES[key].title, loc="left", fontsize=11)
            panel.set_ylabel("%")
            panel.set_ylim(0, 103)
            panel.set_xticks(sorted({x for points in lines.values() for x, _ in points}))
        panels[-1].set_xlabel(axis)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9)
        return _png(figure)


def _draw_line(
    panel: Axes,
    label: str,
    points: Sequence[Point],
    key: str,
    index: int,
    nudge: float,
) -> None:
    defined = [
        (x, found.mean, found.interval or (found.mean, found.mean))
        for x, estimates in points
        if (found := estimates.get(key)) is not None and found.mean is not None
    ]
    reach = (points[-1][0] - points[0][0]) or 1
    panel.errorbar(
        [x + nudge * reach for x, _, _ in defined],
        [100 * mean for _, mean, _ in defined],
        yerr=(
            [100 * max(mean - low, 0) for _, mean, (low, _) in defined],
            [100 * max(high - mean, 0) for _, mean, (_, high) in defined],
        ),
        color=_COLOURS[index],
        marker=_MARKERS[index],
        markersize=7,
        linewidth=2,
        elinewidth=1,
        capsize=3,
        label=label,
    )


def _label(text: str) -> str:
    """Return a label that the legend does not take for a private one."""
    return f" {text}" if text.startswith("_") else text


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()
