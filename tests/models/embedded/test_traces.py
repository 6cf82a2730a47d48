"""What a whole life of an object leaves behind: the file system and the sockets are watched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

#: Remembers, finds, describes and forgets, and prints which files it opened for writing and
#: which connections it asked for. Python tells of both. What native code writes, the folders tell;
#: what it holds open to somebody, the kernel.
LIFE = """
import json, os, sys
from pathlib import Path

written, called = set(), []

def watch(event, args):
    if event == "open" and isinstance(args[0], (str, bytes, os.PathLike)):
        mode, flags = args[1] or "", args[2]
        if set(mode) & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.add(str(Path(os.fsdecode(args[0])).absolute()))
    elif event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        called.append(repr(args[1:] if event != "socket.getaddrinfo" else args))

sys.addaudithook(watch)

from pekit_agents import PeKit

memory, first, second = sys.argv[1:]
kit = PeKit.open(memory, keep_crops=True)
kit.remember("Ruby", first, category="motorcycle", context="Rebuilt in 2014.")
finding = kit.find(second)
answer = kit.describe(finding, "How old is it?", answerer=lambda picture, text: "Old.")
kit.review.keep(finding)
kit.forget("Ruby")
kit.forget_everything()
for table in map(Path, ("/proc/self/net/tcp", "/proc/self/net/udp")):
    if table.exists():  # Linux
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
        own = {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
               if os.path.islink(f"/proc/self/fd/{fd}")}
        called += [row[2] for row in rows if f"socket:[{row[9]}]" in own]
print(json.dumps([len(finding.matches), answer.text, sorted(written), called]))
"""


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.fixture
def home(tmp_path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def at_home(home: Path, code: str, *args: object, **environment: str):
    """Run Python as a user whose home is empty."""
    places = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "ORT_DISABLE_TELEMETRY")
    kept = {key: value for key, value in os.environ.items() if key not in places}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, *map(str, args)],
        env={**kept, "HOME": str(home), "TMPDIR": str(home), **environment},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_is_left_or_sent_but_the_memory(embedded_model, home, photos, tmp_path):
    memory = tmp_path / "memory"
    pictures = (photos / "motorcycle_left.png", photos / "motorcycle_right.png")
    printed = at_home(home, LIFE, memory, *pictures)
    found, answer, written, called = json.loads(printed)
    assert (found, answer) == (1, "Old.")
    assert called == []
    assert tree(memory) == set()
    assert [name for name in tree(home) if (home / name).is_file()] == []
    assert [
        path for path in written if path != os.devnull and not Path(path).is_relative_to(memory)
    ] == []


def test_whoever_has_decided_about_telemetry_is_not_overruled(embedded_model, home):
    code = "import os, pekit_agents.models.embedded.runtime as r; print(os.environ[{!r}])"
    code = code.format("ORT_DISABLE_TELEMETRY")
    assert at_home(home, code).strip() == "1"
    assert tree(home) == set()
    assert at_home(home, code, ORT_DISABLE_TELEMETRY="0").strip() == "0"
