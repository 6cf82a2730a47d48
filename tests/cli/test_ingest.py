from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from pekit_agents import profiles
from pekit_agents.cli import app
from pekit_agents.cli import ingest as cli_ingest
from pekit_agents.introduction.folders import extract_job
from pekit_agents.memory import Memory
from pekit_agents.testing import fake_profile, solid_scene
from pekit_agents.types import PersonalObject


@pytest.fixture(autouse=True)
def fakes(monkeypatch):
    """Workers in this process, which know the fake profile by name."""
    monkeypatch.setitem(profiles.PROFILES, "fake", fake_profile)
    run = lambda jobs, workers: (extract_job(*job) for job in jobs)  # noqa: E731
    monkeypatch.setattr(cli_ingest, "_runner", lambda on_ray: run)


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_folder_is_remembered_and_problems_are_listed(tmp_path):
    photos, memory = tmp_path / "photos", tmp_path / "memory"
    (photos / "Cup").mkdir(parents=True)
    solid_scene({"red": (20, 20, 90, 90)}).save(photos / "Cup" / "1.png")
    (photos / "Cup" / "bad.jpg").write_bytes(b"x")
    command = ("ingest", photos, "-c", "mug", "-p", "fake", "-m", memory)
    result = invoke(*command)
    assert result.exit_code == 0, result.output
    assert "Remembered 1 object with 1 view" in result.output
    assert "bad.jpg" in result.output
    again = json.loads(invoke(*command, "--json").stdout)
    assert (again["already"], again["stored"]) == (1, [])
    (photos / "Hat").mkdir()
    (photos / "Hat" / "bad.jpg").write_bytes(b"x")
    assert invoke(*command).exit_code == 1


def test_optimize_is_for_one_user_or_for_all(tmp_path, monkeypatch):
    compacted = []
    monkeypatch.setattr(
        "pekit_agents.memory.table.optimizing.Transactions.compact",
        lambda self: compacted.append(self.place.path.name),
    )
    assert "Optimized 0 memories" in invoke("optimize", "--all", "-m", tmp_path / "none").output
    for user in ("ann", "bob"):
        memory = Memory.open(tmp_path, user_id=user, encoder_id="e", dim=2)
        (tmp_path / "not-a-user").mkdir(exist_ok=True)
        cup = PersonalObject("cup", "Cup", "mug", "", 0, datetime(2026, 1, 1, tzinfo=UTC))
        memory.insert(cup, [[1.0, 0.0]])
    assert "Optimized 1 memory." in invoke("optimize", "-u", "ann", "-m", tmp_path).output
    assert len(compacted) == 2  # the second pass removes what the first one replaced
    assert "Optimized 2 memories." in invoke("optimize", "--all", "-m", tmp_path).output
    assert len(set(compacted)) == 2
