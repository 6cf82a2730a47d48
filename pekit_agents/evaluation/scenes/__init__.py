"""Scenes composed of photos of a data set, with a box for each thing."""

from pekit_agents.evaluation.scenes.composing import compose_scenes

__all__ = [
    "compose_scenes",
]
