"""Photos that are drawn into folders, a run over them, and what it left out."""

from __future__ import annotations

from pekit_agents.introduction.folders import find_jobs, ingest, run_here
from pekit_agents.testing import fake_profile, solid_scene

NAMES = ("Box", "Cup", "Hat")


def run(memory, folder, **changes):
    jobs = find_jobs(folder, category="thing")
    return ingest(memory, jobs, fake_profile(), **{"run": run_here, **changes})


def draw(path, colour="red", left=20, suffix=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    solid_scene({colour: (left, 20, left + 60, 90)}).save(path, suffix)


def left_out(report):
    return {path.name: why for path, why in report.skipped}
