"""Workers are tasks of a Ray cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pekit_agents.introduction.folders import find_jobs, ingest
from pekit_agents.memory import Memory
from pekit_agents.profiles import Profile
from pekit_agents.testing import solid_scene

pytestmark = pytest.mark.slow


def test_one_bad_photo_or_an_ended_worker_costs_that_photo(
    memory: Memory, folder: Path, extractors: Any, dying: Profile
) -> None:
    ray = pytest.importorskip("ray", reason="needs the extra ray")
    from pekit_agents.introduction.ray_cluster import run_on_ray

    # Workers of a cluster see nothing of this process's folders.
    ray.cloudpickle.register_pickle_by_value(extractors)
    cup = folder / "Cup"
    (cup / "bad.jpg").write_bytes(b"no photo")
    (cup / "gone.jpg").symlink_to(cup / "nowhere.jpg")
    with (cup / "huge.jpg").open("wb") as file:
        file.truncate(10**12)  # whoever reads it fails
    solid_scene({"yellow": (20, 20, 90, 90)}).save(cup / "bomb.png")
    jobs = find_jobs(folder, category="thing")
    report = ingest(memory, jobs, dying, run=run_on_ray, workers=2, keep_crops=True)
    assert sorted(obj.n_views for obj in report.stored) == [2, 2, 2]
    left_out = {path.name: why for path, why in report.skipped}
    expected = {
        "bad.jpg": "expected a photo",
        "gone.jpg": "found nothing",
        "huge.jpg": "1000000.0 MB",
        "bomb.png": "was ended",
    }
    assert set(left_out) == set(expected)
    assert [name for name, why in expected.items() if why not in left_out[name]] == []
    assert all(view.crop for obj in memory.objects() for view in memory.get(obj.object_id).views)
    (cup / "bomb.png").unlink()
    assert ingest(memory, find_jobs(folder, category="x"), dying, run=run_on_ray).already == 3
