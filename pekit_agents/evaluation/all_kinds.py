"""A run of the kinds protocol over all kinds together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pekit_agents.evaluation.metrics.summary import Summary, summarise

if TYPE_CHECKING:
    from pekit_agents.evaluation.records import Run

__all__ = ["ALL_KINDS", "ALONE", "all_kinds"]

#: The condition of all draws together; their photos count alike, whatever their kind.
ALL_KINDS = "all kinds"
#: The measures that matter here: what is said of the own thing, and of others of its kind.
ALONE = ("top1", "named_or_possible", "others_named", "sure_wrong_share", "others_possible")


def all_kinds(run: Run, *, seed: int = 0) -> tuple[Summary, ...]:
    """Return a summary of each recognizer and number of references, over all kinds.

    Args:
        run: Of the kinds protocol.
        seed: Of the bootstrap.
    """
    return summarise((replace(draw, condition=ALL_KINDS) for draw in run.draws), seed=seed)
