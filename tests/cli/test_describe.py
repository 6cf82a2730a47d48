"""``pekit describe`` with a stub server; with a local model see ``hf``."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from pekit_agents import InvalidInput, ModelError, PeKit
from pekit_agents.cli.describe import describe
from pekit_agents.kit import kit
from pekit_agents.testing import fake_profile, to_png

runner = CliRunner()
app = typer.Typer()
app.command()(describe)


@pytest.fixture(autouse=True)
def fake_vision(monkeypatch):
    monkeypatch.setattr(kit, "load_profile", lambda name: fake_profile())
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def memory(tmp_path, photo) -> list[str]:
    opened = PeKit.open(tmp_path / "memory", profile=fake_profile())
    opened.remember("Biscuit", photo, category="dog", context="Eats shoes.")
    return ["--memory", str(tmp_path / "memory")]


@pytest.fixture
def file(tmp_path, photo) -> str:
    path = tmp_path / "park.png"
    path.write_bytes(to_png(photo))
    return str(path)


@pytest.fixture
def server(stub) -> list[str]:
    pytest.importorskip("httpx2", reason="httpx2 is not installed: no endpoint can be asked")
    return ["--endpoint", stub.url, "--model", "llava"]


def test_a_server_answers_about_a_photo(memory, file, server, stub):
    result = runner.invoke(app, [file, "What is Biscuit doing?", *server, *memory])
    assert (result.exit_code, result.stdout) == (0, "It is asleep.\n")
    text = stub.heard[0][2]["messages"][0]["content"][1]["text"]
    assert '"Biscuit"' in text
    assert text.endswith("What is Biscuit doing?")


def test_json_has_answer_prompt_and_matches(memory, file, server):
    result = runner.invoke(app, [file, "?", "--json", *server, *memory])
    record = json.loads(result.stdout)
    assert record["text"] == "It is asleep."
    assert [match["name"] for match in record["matches"]] == ["Biscuit"]


def test_a_dash_asks_what_is_remembered(memory, server, stub):
    result = runner.invoke(app, ["-", "What does Biscuit eat?", *server, *memory])
    assert result.exit_code == 0
    assert '"Eats shoes."' in stub.heard[0][2]["messages"][0]["content"]


def test_no_model_is_wrong_usage(memory, file):
    result = runner.invoke(app, [file, "?", *memory])
    assert result.exit_code == 2
    assert "name a model" in result.output


@pytest.mark.parametrize(
    ("arguments", "error"),
    [(["-"], InvalidInput), (["no-such.png", "?"], InvalidInput)],
    ids=["nothing to ask", "no such photo"],
)
def test_what_cannot_be_answered_is_an_error_of_the_toolkit(memory, server, arguments, error):
    assert isinstance(runner.invoke(app, [*arguments, *server, *memory]).exception, error)


def test_a_server_that_refuses_is_an_error_of_the_toolkit(memory, file, server, stub):
    stub.status, stub.reply = 401, {"error": {"message": "no key"}}
    assert isinstance(runner.invoke(app, [file, "?", *server, *memory]).exception, ModelError)
