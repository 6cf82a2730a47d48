"""Builds of the project, and processes that run them: ``this_build`` and ``other_build``."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pekit_agents.errors import InvalidInput

__all__ = ["Build", "other_build", "this_build"]

_ROOT = Path(__file__).parents[2]
_WORKER = Path(__file__).with_name("worker.py")
_AT_TOP_LEVEL = ("tools", "retrievers")  # they install inside the package
_VERSION = re.compile(r"\d+(\.\w+)+")


@dataclass(frozen=True, slots=True)
class Build:
    """A build of the project, and the Python that runs it.

    Attributes:
        name: What a table calls it.
        python: The interpreter, of the environment that the build needs.
        path: A folder with the package, where that environment does not have it.
    """

    name: str
    python: Path
    path: Path | None = None

    def started(self, work: str, task: dict[str, Any]) -> subprocess.Popen[str]:
        """Start a work of ``worker.py`` in a fresh process, see :func:`result_of`."""
        process = subprocess.Popen(
            [self.python, "-P", _WORKER, work],
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        json.dump(task, process.stdin, default=str)
        process.stdin.close()
        process.stdin = None  # ``communicate`` would write to it
        return process

    def run(self, work: str, **task: Any) -> dict[str, Any]:
        """Do a work of ``worker.py`` in a fresh process and return its result.

        Raises:
            InvalidInput: The build cannot do it.
        """
        return self.result_of(self.started(work, task), work)

    def result_of(self, process: subprocess.Popen[str], work: str) -> dict[str, Any]:
        """Return the result of a work that was started.

        Raises:
            InvalidInput: The build cannot do it.
        """
        said, failure = process.communicate()
        if process.returncode:
            raise InvalidInput(f"{self.name} cannot do `{work}`:\n{failure.strip()[-2000:]}")
        result: dict[str, Any] = json.loads(said.splitlines()[-1])
        return result

    def command(self, *arguments: str) -> dict[str, float]:
        """Run ``pekit`` from cold and return its processor time and wall time, in seconds.

        Raises:
            InvalidInput: The command fails.
        """
        began = time.perf_counter()
        process = subprocess.Popen(
            [self.python, "-P", "-m", "pekit_agents", *arguments],
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise InvalidInput(f"{self.name}: `pekit {arguments[0]}` ends with an error")
        return {"cpu": used.ru_utime + used.ru_stime, "wall": wall}

    def environment(self) -> dict[str, str]:
        """Return the environment of its processes: this one's, without settings of PeKit's."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PEKIT_", "PYTHONPATH"))}
        kept["LANCEDB_LOG"] = "error"
        return kept if self.path is None else {**kept, "PYTHONPATH": str(self.path)}


def this_build(folder: Path) -> Build:
    """Return the build in this checkout; ``folder`` is where it is laid out."""
    return Build(f"this build ({_commit(_ROOT)})", Path(sys.executable), _laid_out(_ROOT, folder))


def other_build(against: str, folder: Path) -> Build:
    """Return another build.

    Args:
        against: A checkout, which runs in its ``.venv`` or else in this environment; a Python that
            has the package; or a version of it, which pip installs.
        folder: Where it is laid out or installed: one that is its own and need not exist.

    Raises:
        InvalidInput: It is none of these.
    """
    place = Path(against).expanduser()
    if (place / "pekit_agents").is_dir():
        own = place.absolute() / ".venv" / "bin" / "python"
        python = own if own.exists() else Path(sys.executable)
        return Build(_commit(place), python, _laid_out(place.absolute(), folder))
    if place.is_file() and os.access(place, os.X_OK):
        return Build(_installed(place), place.absolute())
    if not place.exists() and _VERSION.fullmatch(against):
        return Build(against, _installed_from_index(against, folder))
    raise InvalidInput(
        "--against: expected a checkout of the project, a Python that has it installed, or a "
        f"version, such as {version('pekit-agents')}, found {against!r:.200}"
    )


def _laid_out(checkout: Path, folder: Path) -> Path:
    """Return a folder in which a checkout lies as it installs."""
    package = folder / "pekit_agents"
    package.mkdir(parents=True)
    inside = [each for each in (checkout / "pekit_agents").iterdir() if each.name != "__pycache__"]
    for each in (*inside, *(checkout / name for name in _AT_TOP_LEVEL)):
        (package / each.name).symlink_to(each)
    return folder


def _commit(checkout: Path) -> str:
    if not (checkout / ".git").exists():
        return checkout.resolve().name
    said = _output(["git", "-C", checkout, "describe", "--always", "--dirty", "--exclude", "*"])
    return said or checkout.resolve().name


def _installed(python: Path) -> str:
    code = "import importlib.metadata as m; print(m.version('pekit-agents'))"
    if not (found := _output([python, "-P", "-c", code])):
        raise InvalidInput(
            f"--against: expected a Python that has pekit-agents installed, found {python}, where "
            "it is not"
        )
    return found


def _output(command: list[str | Path]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _installed_from_index(wanted: str, folder: Path) -> Path:
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    package = f"pekit-agents[embedded]=={wanted}"
    install = [str(python), "-m", "pip", "install", "--quiet", package]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InvalidInput(
            f"--against: pip cannot install pekit-agents {wanted}; give a checkout of it "
            f"instead (git worktree add FOLDER COMMIT). {done.stderr.strip()[-500:]}"
        )
    return python
