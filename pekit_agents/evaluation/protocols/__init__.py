"""What is asked of the recognizers: one protocol a file, each returns a run."""

from __future__ import annotations

from pekit_agents.evaluation.protocols.ablation import Variation, ablation
from pekit_agents.evaluation.protocols.corrections import corrections
from pekit_agents.evaluation.protocols.growth import growth
from pekit_agents.evaluation.protocols.kinds import kinds
from pekit_agents.evaluation.protocols.recognition import recognition
from pekit_agents.evaluation.protocols.references import references
from pekit_agents.evaluation.protocols.scenes import scenes

__all__ = [
    "Variation",
    "ablation",
    "corrections",
    "growth",
    "kinds",
    "recognition",
    "references",
    "scenes",
]
