"""The paragraphs that tell a newcomer what to take, why, and what still goes wrong."""

from __future__ import annotations

from collections.abc import Iterator

from pekit_agents.evaluation.metrics.curves import best_within, open_set_curve
from pekit_agents.evaluation.metrics.summary import Summary, measure_difference
from pekit_agents.evaluation.records import Run
from pekit_agents.evaluation.report.choosing import Candidate, Choice, rivals, tempting
from pekit_agents.evaluation.report.mistakes import Kind, count_mistakes
from pekit_agents.evaluation.report.numbers import percent, percent_range, points

__all__ = ["verdict"]

_GOES_WRONG: dict[Kind, str] = {
    "missed": "a remembered thing is in the photo and is not named",
    "wrong name": "a photo of a remembered thing gets a wrong name",
    "false alarm": "a photo of none of the remembered things gets a name",
}


def verdict(run: Run, choice: Choice | None, summaries: tuple[Summary, ...]) -> tuple[str, ...]:
    """Return what to know if nothing else is read.

    Args:
        run: What was measured.
        choice: The configuration to take; None when nothing could be compared.
        summaries: All configurations of the run.
    """
    if choice is None:
        return (
            f"Nothing can be recommended from {run.dataset}: no photo shows a remembered thing "
            "that is not also one of its references. Add photos of each thing, or take fewer "
            "references.",
        )
    paragraphs = (
        " ".join(_recommendation(choice)),
        " ".join(_reasons(choice)),
        " ".join(_growth(choice, summaries)),
        " ".join(_caution(choice)),
    )
    return tuple(text for text in paragraphs if text)


def _recommendation(choice: Choice) -> Iterator[str]:
    label = choice.chosen.configuration.label
    budget = f"false-alarm budget of {percent(choice.budget)}"
    if choice.ground == "within":
        yield f"Take {label}: the best weighted accuracy within the {budget}."
    elif choice.ground == "unclear":
        yield (
            f"Take {label}. Nothing measured here stays within the {budget}; of what may still do "
            "so, going by the intervals, it has the best weighted accuracy."
        )
    elif choice.ground == "over":
        yield f"Take none of these as it is: all miss the {budget}. {label} comes closest."
    else:
        yield (
            f"Take {label} for its weighted accuracy, with care: no photo here is without "
            "remembered things, so nothing tells how often it names what is not there."
        )
    yield _in_words(choice.chosen)


def _in_words(chosen: Candidate) -> str:
    things, top1, alarms = chosen.named.things, chosen.named.estimates["top1"], chosen.alarms
    text = f"It remembers {things} thing{'' if things == 1 else 's'}"
    if top1.mean is not None:
        text += f", and names the right one first in {percent(top1.mean)} of their other photos"
        if top1.interval is not None:
            text += f" (95 % interval {percent_range(top1.interval)})"
    if alarms is not None and alarms.mean is not None and chosen.open_set is not None:
        fewer = chosen.open_set.things
        text += (
            "; "
            if fewer == things
            else f"; with {fewer} thing{'' if fewer == 1 else 's'} in memory, "
        )
        text += f"in {percent(alarms.mean)} of the photos without any of those it names something"
        if alarms.interval is not None:
            text += f" ({percent_range(alarms.interval)})"
    return f"{text}."


def _reasons(choice: Choice) -> Iterator[str]:
    chosen = choice.chosen
    for rival in rivals(choice)[:1]:
        gain = _gain(rival, chosen)
        if gain:
            yield (
                f"Weighted accuracy, compared with the next best of as many references, "
                f"{rival.configuration.label}: {gain}{_alarm_remark(rival)}."
            )
    fewer = [
        one
        for one in choice.candidates
        if one.configuration.recognizer == chosen.configuration.recognizer
        and one.configuration.condition == chosen.configuration.condition
        and one.configuration.refs < chosen.configuration.refs
    ]
    if fewer:
        least = min(fewer, key=lambda one: one.configuration.refs)
        yield (f"Compared with {least.configuration.label}: {_gain(least, chosen)}.")
    best = tempting(choice)
    if best is not None:
        yield (
            f"{best.configuration.label} recognises better ({_gain(chosen, best)})"
            f"{_alarm_remark(best)}."
        )
    if choice.ground in ("unclear", "over"):
        yield from _threshold_advice(chosen, choice.budget)
    elif best is not None:
        yield from _threshold_advice(best, choice.budget)


def _gain(first: Candidate, second: Candidate) -> str:
    """Return the change in weighted accuracy in words; "" when it is undefined."""
    gap = measure_difference("weighted", first.named, second.named)
    if gap.mean is None:
        return ""
    text = f"{points(gap.mean)} points"
    if gap.interval is not None:
        text += f" (95 % interval {points(gap.interval[0])} to {points(gap.interval[1])})"
    return text if gap.is_clear else f"{text}, which may be chance"


def _alarm_remark(candidate: Candidate) -> str:
    alarms = candidate.alarms
    if alarms is None or alarms.mean is None:
        return ""
    return (
        f"; {candidate.configuration.label} has false alarms in {percent(alarms.mean)} of such "
        "photos"
    )


def _threshold_advice(candidate: Candidate, budget: float) -> Iterator[str]:
    if candidate.open_set is None:
        return
    label = candidate.configuration.label
    point = best_within(open_set_curve(candidate.open_set.draws), budget)
    if point is None:
        yield f"No threshold on its scores would bring {label} within the budget."
    else:
        yield (
            f"By its scores, a threshold of {point.threshold:.3f} would bring {label} within the "
            f"budget: right name first in {percent(point.identified)} of the photos, false alarms "
            f"in {percent(point.alarm_share)}. Check that on other photos before relying on it."
        )


def _growth(choice: Choice, summaries: tuple[Summary, ...]) -> Iterator[str]:
    large = choice.chosen.open_set
    if large is None:
        return
    same = [
        one
        for one in summaries
        if one.configuration.recognizer == large.configuration.recognizer
        and one.configuration.refs == large.configuration.refs
        and one.estimates["alarm_share"].mean is not None
    ]
    small = min(same, key=lambda one: one.things)
    few, many = small.estimates["alarm_share"].mean, large.estimates["alarm_share"].mean
    if small.things < large.things and few is not None and many is not None:
        yield (
            f"As its memory grows from {small.things} to {large.things} things, the photos with "
            f"a false alarm go from {percent(few)} to {percent(many)}."
        )


def _caution(choice: Choice) -> Iterator[str]:
    counts = count_mistakes(choice.chosen.named.draws)
    if choice.chosen.open_set is not None:
        counts["false alarm"] = count_mistakes(choice.chosen.open_set.draws)["false alarm"]
    total = sum(counts.values())
    if total:
        kind = max(counts, key=lambda each: counts[each])
        yield (
            f"What goes wrong most ({counts[kind]} of {total} mistakes): {_GOES_WRONG[kind]}. "
            "The worst cases are pictured below."
        )
    else:
        yield "It made no mistake here; harder photos would tell more."
    things, draws = choice.chosen.named.things, len(choice.chosen.named.draws)
    yield (
        f"All of this is from {things} thing{'' if things == 1 else 's'} at a time and {draws} "
        f"random draw{'' if draws == 1 else 's'} of references: differences smaller than the "
        "intervals mean nothing."
    )
