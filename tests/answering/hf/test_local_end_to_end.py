"""From a photo to a local model's answer: in Python and at the terminal."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from pekit_agents import PeKit
from pekit_agents.answering import HFAnswerModel
from pekit_agents.cli.describe import describe
from pekit_agents.kit import kit
from pekit_agents.testing import fake_profile, to_png

app = typer.Typer()
app.command()(describe)


@pytest.fixture
def memory(tmp_path, photo) -> PeKit:
    opened = PeKit.open(tmp_path / "memory", profile=fake_profile())
    opened.remember("Biscuit", photo, category="dog", context="Eats shoes.")
    return opened


def test_a_local_model_describes_personal_objects(memory, checkpoint, photo):
    model = HFAnswerModel.load(checkpoint("qwen"), device="cpu", max_new_tokens=4)
    answer = memory.describe(photo, "What is Biscuit doing?", answerer=model)
    assert answer.text == model.answer(answer.prompt.image, answer.prompt.text) != ""
    assert memory.describe(None, "What does Biscuit eat?", answerer=model).text


def test_the_command_answers_with_a_model_in_a_folder(
    memory, checkpoint, photo, tmp_path, monkeypatch
):
    monkeypatch.setattr(kit, "load_profile", lambda name: fake_profile())
    (tmp_path / "park.png").write_bytes(to_png(photo))
    model = ["--model", str(checkpoint("llava")), "--device", "cpu", "--max-tokens", "4"]
    where = [str(tmp_path / "park.png"), "What?", "--memory", str(tmp_path / "memory")]
    result = CliRunner().invoke(app, [*where, *model])
    assert result.exit_code == 0, result.exception
    assert 1 <= len(result.stdout.strip()) <= 4
