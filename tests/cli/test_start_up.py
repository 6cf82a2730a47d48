"""What is asked of the command itself costs no models and no database."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata

import numpy as np
import pytest
import typer

from pekit_agents.cli.app import app
from pekit_agents.memory.memory import Memory
from pekit_agents.profiles import load_profile
from pekit_agents.types import PersonalObject

HEAVY = {"lancedb", "lance", "pyarrow", "numpy", "PIL", "torch", "transformers", "onnxruntime"}
HEAVY |= {"sklearn", "ray"}


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pekit_agents", *args],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def loaded_by(done: subprocess.CompletedProcess[str]) -> set[str]:
    return set(re.findall(r"\|\s+([\w.]+)$", done.stderr, re.M))


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--help",), 0),
        (("--version",), 0),
        (("find", "--help"), 0),
        (("eval", "--help"), 0),
        (("fnd",), 2),
        (("find",), 2),
        (("find", "a.jpg", "--mode", "slow"), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_help_and_wrong_usage_load_nothing_heavy(args, code):
    done = run(*args)
    loaded = {name.split(".")[0] for name in loaded_by(done)}
    assert (done.returncode, loaded & HEAVY) == (code, set())
    assert "typer" in loaded


@pytest.mark.usefixtures("embedded_model")
def test_a_list_of_what_is_remembered_loads_neither_the_kit_nor_other_commands(tmp_path):
    encoder = load_profile("embedded").encoder
    memory = Memory.open(tmp_path, user_id="default", encoder_id=encoder.id, dim=encoder.dim)
    cup = PersonalObject("id-1", "Cup", "mug", "", created_at=datetime.now(UTC), n_views=0)
    memory.insert(cup, np.eye(1, encoder.dim, dtype=np.float32))
    done = run("list", "--json", "--memory", str(tmp_path))
    assert [obj["name"] for obj in json.loads(done.stdout)] == ["Cup"]
    loaded = loaded_by(done)
    assert {"lancedb", "pekit_agents.memory.memory"} < loaded
    unused = ("kit", "evaluation", "prompting", "retrieval", "introduction", "answering", "demo")
    unused += ("cli.searching", "cli.describe", "cli.evaluation", "cli.ingest", "cli.calibrate")
    names = {f"pekit_agents.{part}" for part in unused} | {"torch", "transformers", "sklearn"}
    names |= {"lance_namespace_urllib3_client.api", "urllib3", "onnxruntime"}
    assert {name for name in loaded if any(f"{name}.".startswith(f"{n}.") for n in names)} == set()


def test_every_command_is_found_where_it_is_said_to_be():
    group = typer.main.get_group(app)
    homes = group.homes
    modules = {importlib.import_module(home) for home in homes.values()}
    there = {
        name: module.__name__
        for module in modules
        for name in typer.main.get_group(module.commands).commands
    }
    assert there == homes
    context = typer.Context(group)
    assert group.list_commands(context) == list(homes)
    assert [group.get_command(context, name).name for name in homes] == list(homes)
    assert group.get_command(context, "no-such") is None


def test_it_says_its_version(pekit):
    assert pekit("--version").out == f"pekit-agents {metadata.version('pekit-agents')}\n"


def test_a_clone_that_is_not_installed_says_so(pekit, monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert pekit("--version").out == "pekit-agents, of a clone that is not installed\n"


@pytest.mark.parametrize(
    ("args", "meant"),
    [
        (("fnd", "a.jpg"), "find"),
        (("rember", "Cup"), "remember"),
        (("review", "lst"), "list"),
        (("eval", "recogntion"), "recognition"),
        (("list", "--profile", "embeded"), "embedded"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_misspelt_word_is_answered_with_the_right_one(pekit, args, meant):
    done = pekit(*args)
    assert done.code in (1, 2)
    assert f"Did you mean '{meant}'" in done.err
