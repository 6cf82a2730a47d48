"""Detection precision and recall where boxes are known: right thing *and* right place.

In every photo the accepted boxes of a name, the surest first, each take the free true box of
that name which they overlap most, if their IoU reaches the threshold (greedy, one to one)::

    precision = boxes that took a true box / accepted boxes
    recall    = true boxes of known things that were taken / true boxes of known things

Both are pooled over all photos whose truth has a box for each known thing it shows, photos
without any known thing included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pekit_agents.boxes import iou_matrix
from pekit_agents.evaluation.metrics.judging import accepted, is_judged
from pekit_agents.evaluation.metrics.recognition import Tally
from pekit_agents.evaluation.records import Draw, Trial
from pekit_agents.types import Box

__all__ = ["detection_precision", "detection_recall", "match_boxes"]


def match_boxes(found: Sequence[Box], true: Sequence[Box], iou: float) -> list[int | None]:
    """Match boxes greedily, one to one.

    Args:
        found: K boxes, the surest first.
        true: N boxes.
        iou: The least overlap that counts, in (0, 1].

    Returns:
        For each of the K boxes the index of the true box that it took, or None.
    """
    overlaps = iou_matrix([box.xyxy for box in found], [box.xyxy for box in true])  # (K, N)
    taken: list[int | None] = []
    for row in overlaps:
        free = [place for place in range(len(true)) if place not in taken and row[place] >= iou]
        taken.append(max(free, key=lambda place: (row[place], -place), default=None))
    return taken


def detection_precision(draw: Draw, iou: float = 0.5) -> Tally:
    """Share of the accepted boxes that lie on their thing; undefined where no place is known.

    Undefined too for a recognizer that names things without saying where.
    """
    return _tally(draw, iou, of_truth=False)


def detection_recall(draw: Draw, iou: float = 0.5) -> Tally:
    """Share of the known things' true boxes that were found by name and place.

    Undefined where no place is known, and for a recognizer that never says where.
    """
    return _tally(draw, iou, of_truth=True)


def _tally(draw: Draw, iou: float, *, of_truth: bool) -> Tally:
    trials = [trial for trial in draw.trials if _has_places(trial, draw.known)]
    if not any(name in draw.known for trial in trials for name in trial.boxes):
        return Tally({})
    if _never_says_where(trials):
        return Tally({})
    parts: dict[str, tuple[float, float]] = {}
    for trial in trials:
        certain = accepted(trial)
        for name in {named.name for named in certain} | set(trial.boxes):
            if name not in draw.known or not is_judged(trial, name):
                continue
            found = [n.box for n in certain if n.name == name and n.box is not None]
            true = trial.boxes.get(name, ())
            hits = sum(place is not None for place in match_boxes(found, true, iou))
            whole = len(true) if of_truth else len(found)
            if whole:
                above, below = parts.get(name, (0.0, 0.0))
                parts[name] = (above + hits, below + whole)
    return Tally(parts)


def _has_places(trial: Trial, known: Iterable[str]) -> bool:
    return all(trial.boxes.get(name) for name in known if name in trial.shows)


def _never_says_where(trials: Iterable[Trial]) -> bool:
    boxes = [named.box for trial in trials for named in trial.named]
    return bool(boxes) and all(box is None for box in boxes)
