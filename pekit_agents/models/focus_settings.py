"""What was measured of the embedded encoder, by cross-validation over objects."""

from __future__ import annotations

from pekit_agents.calibration import Calibration
from pekit_agents.matching import MatchSettings
from pekit_agents.twins import TwinSettings

__all__ = ["LEAST", "MARGIN", "MATCHING"]

#: New strangers score more than those of the bank, whose photos shaped the statistics.
MARGIN = 0.07
#: The least location of a memory's strangers.
LEAST = 0.19

MATCHING = MatchSettings(
    max_weight=0.5,
    ambiguity=0.075,
    doubt=0.1,
    framing=0.05,
    calibration=Calibration(location=0.13, scale=0.047, regions=0.3, mean=0.6, deviation=0.15),
    # Of packages of one brand; other things are hardly ever twins.
    twins=TwinSettings(within=0.2, kinship=0.7, score=4.0, likeness=13.0, colour=23.0, sure=0.85),
)
