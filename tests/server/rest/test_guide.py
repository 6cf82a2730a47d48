"""The commands of the guide run as they stand there, in their order, with real curl."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pekit_agents.server import ServerSettings, create_app
from pekit_agents.testing import graded_profile
from tests.server.rest.conftest import photo_of, running
from tests.tools.moving_pictures import film

PAGE = Path(__file__).parents[3] / "docs" / "guides" / "rest.md"
ADDRESS = "http://127.0.0.1:8321"
#: The photos that the commands name: what is in "park.jpg" is doubtful.
PHOTOS = {
    "biscuit-1.jpg": ("red",),
    "biscuit-2.jpg": ("red", "green"),
    "park.jpg": ("pale red",),
    "small.jpg": ("red",),
    "sofa.jpg": ("green",),
    "holidays/park.jpg": ("red",),
    "mug.jpg": ("blue",),
    "table.jpg": ("green", "blue"),
}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]


def fences(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A server of one's own machine, and the photos in the folder where commands run."""
    for name, colours in PHOTOS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(photo_of(*colours))
    (tmp_path / "garden.mp4").write_bytes(film(None, "red"))
    settings = ServerSettings(
        memory=str(tmp_path / "memory"), photos=(str(tmp_path),), strictness=0.5
    )
    app = create_app(settings, profile=graded_profile())
    with running(app) as url:
        yield url


def test_the_commands_of_the_guide_run(address, tmp_path):
    lines = "".join(fences("console")).replace("\\\n", " ").splitlines()
    told: dict[str, str] = {}
    set_before, answers = "", []
    for line in lines:
        command = line.removeprefix("$ ").replace(ADDRESS, address)
        if not command.startswith("curl"):
            set_before += f"{command}\n" if "=" in command and "pip" not in command else ""
            continue
        for placeholder, value in told.items():
            command = command.replace(placeholder, value)
        command = command.replace("curl", "curl -sS --fail-with-body", 1)
        done = subprocess.run(
            ["bash", "-c", set_before + command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        answer: Any = json.loads(done.stdout.splitlines()[0]) if done.stdout else {}
        answers.append((line, answer))
        if "picture" in answer:
            told.setdefault("img_...", answer["picture"])
        if "object" in answer:
            told["REVISION"] = answer["object"]["revision"]
        if "review_id" in done.stdout:
            told["REVIEW_ID"] = answer["items"][0]["review_id"]
    assert len(answers) == PAGE.read_text("utf-8").count("$ curl ")
    assert (tmp_path / "found.jpg").read_bytes()[:3] == b"\xff\xd8\xff"
    (indexed,) = [answer for line, answer in answers if "library/photos" in line]
    assert indexed == {"indexed": 2, "skipped": 0, "failed": []}


def test_the_client_of_the_guide_runs(address, tmp_path):
    (code,) = fences("py")
    done = subprocess.run(
        [sys.executable, "-c", code.replace(ADDRESS, address)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "Red mug 1.0 [60.0, 10.0, 100.0, 60.0]\n", done.stderr


def test_the_guide_is_short():
    assert len(PAGE.read_text("utf-8").split()) < 1000
