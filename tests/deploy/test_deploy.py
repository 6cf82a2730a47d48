"""What is deployed: the image's commands without Docker, the unit, the proxies' limits."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pekit_agents.server.settings import ServerSettings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MEGABYTE = 2**20


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions and what stands after each."""
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    pairs = [line.split(" ", 1) for line in lines if line and not line.startswith("#")]
    return [(name, rest) for name, rest in pairs]


class Container:
    """A folder that stands for the image's, and an environment for its Python."""

    def __init__(self, folder: Path) -> None:
        self.root, self.work, self.variables = folder / "root", "/", {}
        self.root.mkdir()
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        self.bin = folder / "venv" / "bin"
        # Its packages are those of the tests: what is tried is this package and these commands.
        (home,) = (folder / "venv" / "lib").glob("*/site-packages")
        packages = [each for each in sys.path if each.endswith("site-packages")]
        (home / "tests.pth").write_text("\n".join(packages))

    def inside(self, text: str) -> str:
        """Return a command with the image's folders where they are here."""
        return re.sub(r"(?<![\w/.:])/(wheels|data|src)\b", rf"{self.root}/\1", text)

    def run(self, command: str | list[str], **options) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, **self.variables, "PATH": f"{self.bin}:{os.environ['PATH']}"}
        if ".whl" in command:  # only this package is installed, also where the tests have it
            env |= {"PIP_NO_DEPS": "1", "PIP_FORCE_REINSTALL": "1"}
        there = Path(self.inside(self.work)) if self.work != "/" else self.root
        done = subprocess.run(
            command, shell=isinstance(command, str), cwd=there, env=env, check=False,
            capture_output=True, text=True, timeout=240, **options,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def copy(self, rest: str) -> None:
        *sources, target = rest.split()
        if sources[0].startswith("--from="):  # stages share the folder
            return
        if sources == ["."]:
            listed = subprocess.run(
                ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                cwd=ROOT, capture_output=True, text=True, check=True,
            )  # fmt: skip
            for name in listed.stdout.splitlines():
                if (ROOT / name).is_file():
                    to = self.root / "src" / name
                    to.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(ROOT / name, to)
        else:
            shutil.copy(ROOT / sources[0], self.inside(target))


@pytest.mark.slow
def test_the_commands_of_the_dockerfile_give_a_server(tmp_path, embedded_model):
    container, health, entry = Container(tmp_path), [], []
    for name, rest in instructions():
        if name == "WORKDIR":
            container.work = rest
            Path(container.inside(rest)).mkdir(parents=True, exist_ok=True)
        elif name == "FROM":
            container.work = "/"
        elif name == "COPY":
            container.copy(rest)
        elif name == "RUN" and rest.startswith("python"):
            container.run(container.inside(rest))
        elif name == "RUN":  # users and owners are the image's
            assert rest.startswith("useradd"), rest
            (container.root / "data").mkdir()
        elif name == "ENV":
            pairs = (each.split("=") for each in rest.split())
            container.variables |= {key: container.inside(value) for key, value in pairs}
        elif name == "HEALTHCHECK":
            health = json.loads(rest.partition("CMD ")[2])
        elif name in {"ENTRYPOINT", "CMD"}:
            entry += json.loads(rest)
    installed = container.run(["python", "-c", "import pekit_agents as p; print(p.__file__)"])
    assert str(tmp_path / "venv") in installed.stdout
    entry[0] = str(container.bin / entry[0])
    container.run([*entry[:1], "token", "add", "ann"])
    assert (container.root / "data" / "state" / "tokens.json").exists()
    env = {**os.environ, **container.variables}
    server = subprocess.Popen([*entry, "--port", "0"], stderr=subprocess.PIPE, text=True, env=env)
    try:
        port = re.search(r":(\d+)/", server.stderr.readline())[1]
        for _ in range(100):
            checked = subprocess.run(
                [sys.executable, *(each.replace("8321", port) for each in health[1:])],
                capture_output=True,
                check=False,
            )
            if checked.returncode == 0:
                break
        assert checked.returncode == 0, checked.stderr
    finally:
        server.terminate()
        server.wait(60)


def test_the_image_does_not_run_as_root():
    names = [name for name, _ in instructions()]
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert ("USER", "pekit") in instructions()
    assert any(name == "HEALTHCHECK" for name in names)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_unit_is_one(tmp_path):
    unit = (DEPLOY / "pekit.service").read_text().replace("/opt/pekit/bin/pekit", "/bin/true")
    (tmp_path / "pekit.service").write_text(unit)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "pekit.service"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "pekit.service:" not in done.stderr, done.stderr


def test_the_proxies_let_in_what_the_server_does_and_hold_nothing_back():
    most = ServerSettings().max_request // MEGABYTE
    nginx, caddy = (DEPLOY / "nginx.conf").read_text(), (DEPLOY / "Caddyfile").read_text()
    assert f"client_max_body_size {most}m;" in nginx
    assert f"max_size {most}MB" in caddy
    assert "proxy_buffering off;" in nginx
    assert "flush_interval -1" in caddy
    assert "proxy_set_header Host $http_host;" in nginx
    assert str(ServerSettings().port) in nginx
    assert str(ServerSettings().port) in caddy
