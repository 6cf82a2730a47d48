"""The measures, and what they are worth: pure functions of trials."""

from pekit_agents.evaluation.metrics.measures import MEASURES, Measure
from pekit_agents.evaluation.metrics.recognition import weighted
from pekit_agents.evaluation.metrics.summary import (
    Configuration,
    Summary,
    measure_difference,
    summarise,
)

__all__ = [
    "MEASURES",
    "Configuration",
    "Measure",
    "Summary",
    "measure_difference",
    "summarise",
    "weighted",
]
