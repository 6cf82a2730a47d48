"""The headline measures: what each is called, what it means and how it is worked out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from pekit_agents.evaluation.metrics import of_others as metrics_of_others
from pekit_agents.evaluation.metrics import recognition as metrics
from pekit_agents.evaluation.metrics.detection import detection_precision, detection_recall
from pekit_agents.evaluation.metrics.recognition import Tally
from pekit_agents.evaluation.records import Draw

__all__ = ["MEASURES", "Measure"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number about a draw.

    Attributes:
        key: Its name in code and in files.
        title: Its name for readers.
        better: Which way is better; "neither" says something without judging.
        unit: "%" is a share, shown times 100; "" is a count, shown as it is.
        meaning: What it says, in plain words.
        formula: How it is worked out.
        tally: Works it out.
        of_probabilities: Whether it is defined only for a recognizer that knows probabilities.
    """

    key: str
    title: str
    better: Literal["higher", "lower", "neither"]
    unit: Literal["%", ""]
    meaning: str
    formula: str
    tally: Callable[[Draw], Tally]
    of_probabilities: bool = False


_ALL = (
    Measure(
        "weighted",
        "Weighted accuracy",
        "higher",
        "%",
        "The paper's summary: naming a thing where it is, and not where it is not.",
        "(recall + specificity) / 2 of each thing, averaged over the things",
        metrics.weighted,
    ),
    Measure(
        "recall",
        "Recall",
        "higher",
        "%",
        "Of the photos that show a thing, in how many it is named. "
        "The paper calls it positive accuracy.",
        "photos named / photos that show it, averaged over the things",
        metrics.recall,
    ),
    Measure(
        "specificity",
        "Specificity",
        "higher",
        "%",
        "Of the photos that do not show a thing, in how many it is not named. With many things "
        "this is high for anyone who says little. The paper calls it negative accuracy.",
        "photos not named / photos that do not show it, averaged over the things",
        metrics.specificity,
    ),
    Measure(
        "precision",
        "Precision",
        "higher",
        "%",
        "When a thing is named, how often it is there. Things that are never named have none and "
        "are left out.",
        "photos named and shown / photos named, averaged over the things",
        metrics.precision,
    ),
    Measure(
        "top1",
        "Right name first",
        "higher",
        "%",
        "Of the photos that show a remembered thing, in how many the surest name is right.",
        "photos whose surest certain name is shown / photos of known things",
        metrics.top1,
    ),
    Measure(
        "likeliest",
        "Likeliest name right",
        "higher",
        "%",
        "The same, where of a name that could not be decided the likeliest counts.",
        "photos whose first name, certain or not, is shown / photos of known things",
        metrics.likeliest,
    ),
    Measure(
        "named_or_possible",
        "Right name named or possible",
        "higher",
        "%",
        "Of the photos that show a remembered thing, in how many its name is said at all: for "
        "certain, as one of several, or as possible.",
        "photos whose right name is named or possible / photos of known things",
        metrics.named_or_possible,
    ),
    Measure(
        "nearest",
        "Right thing nearest",
        "higher",
        "%",
        "By scores alone, with every threshold aside: the most that another threshold could reach.",
        "photos whose best-scored thing is shown / photos of known things",
        metrics.nearest,
    ),
    Measure(
        "wrong_identities",
        "Wrong names per photo",
        "lower",
        "",
        "How many wrong names are stated as certain in a photo that shows a remembered thing.",
        "certain names that are not shown / photos of known things",
        metrics.wrong_identities,
    ),
    Measure(
        "wrong_share",
        "Photos with a wrong name",
        "lower",
        "%",
        "Of the photos that show a remembered thing, in how many a wrong name is stated as "
        "certain.",
        "such photos with a certain name that is not shown / photos of known things",
        metrics.wrong_share,
    ),
    Measure(
        "alarm_share",
        "Photos with a false alarm",
        "lower",
        "%",
        "Of the photos that show none of the remembered things, in how many something is named "
        "all the same.",
        "such photos with a certain name / photos of none of the known things",
        metrics.alarm_share,
    ),
    Measure(
        "others_named",
        "Other things named",
        "lower",
        "%",
        "The same, where a name that could not be decided counts as well.",
        "such photos in which something is named, certain or not / photos of none of the known "
        "things",
        metrics_of_others.others_named,
    ),
    Measure(
        "sure_wrong_share",
        "Other things named for sure",
        "lower",
        "%",
        "Of the photos that show none of the remembered things, in how many something is named "
        "with a probability of 80 % or more.",
        "such photos with a name of probability 0.8 or more / photos of none of the known things",
        metrics_of_others.sure_wrong_share,
        of_probabilities=True,
    ),
    Measure(
        "others_possible",
        "Other things possible",
        "neither",
        "%",
        "Of the photos that show none of the remembered things, in how many it asks about one "
        "(“may be”) and names nothing.",
        "such photos with a possible and no named thing / photos of none of the known things",
        metrics_of_others.others_possible,
    ),
    Measure(
        "false_alarms",
        "False alarms per photo",
        "lower",
        "",
        "How many names are stated as certain in a photo that shows none of the remembered things.",
        "certain names / photos of none of the known things",
        metrics.false_alarms,
    ),
    Measure(
        "ambiguous_share",
        "Undecided",
        "neither",
        "%",
        "In how many photos it says “one of these” instead of a name. Such an answer counts as "
        "not named.",
        "photos with an undecided match / all photos",
        metrics.ambiguous_share,
    ),
    Measure(
        "ambiguous_right",
        "Undecided, truth among them",
        "higher",
        "%",
        "How often the right thing is among those it could not decide between.",
        "undecided matches with a shown thing among the candidates / undecided matches",
        metrics.ambiguous_right,
    ),
    Measure(
        "detection_precision_50",
        "Box precision, IoU 0.5",
        "higher",
        "%",
        "When a box is drawn and named, how often it lies on that thing.",
        "boxes on their thing (IoU at least 0.5, one to one) / certain boxes",
        partial(detection_precision, iou=0.5),
    ),
    Measure(
        "detection_recall_50",
        "Box recall, IoU 0.5",
        "higher",
        "%",
        "Of the places where remembered things are, how many are found with the right name.",
        "true boxes found (IoU at least 0.5, one to one) / true boxes of known things",
        partial(detection_recall, iou=0.5),
    ),
    Measure(
        "detection_precision_30",
        "Box precision, IoU 0.3",
        "higher",
        "%",
        "The same for a roughly right place.",
        "boxes on their thing (IoU at least 0.3, one to one) / certain boxes",
        partial(detection_precision, iou=0.3),
    ),
    Measure(
        "detection_recall_30",
        "Box recall, IoU 0.3",
        "higher",
        "%",
        "The same for a roughly right place.",
        "true boxes found (IoU at least 0.3, one to one) / true boxes of known things",
        partial(detection_recall, iou=0.3),
    ),
)

#: Every headline measure by its key, in the order of reports.
MEASURES: dict[str, Measure] = {measure.key: measure for measure in _ALL}
