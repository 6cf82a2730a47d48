"""``pekit demo``: a few objects, found in scenes composed of photos of scikit-image."""

from pekit_agents.demo.clips import clip_frames
from pekit_agents.demo.run import SceneResult, judge, run_demo
from pekit_agents.demo.scenes import OBJECTS, SCENES, DemoObject, Scene, compose, photo_path

__all__ = [
    "OBJECTS",
    "SCENES",
    "DemoObject",
    "Scene",
    "SceneResult",
    "clip_frames",
    "compose",
    "judge",
    "photo_path",
    "run_demo",
]
