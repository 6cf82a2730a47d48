"""Finding and downloading checkpoints, against a hub on this machine that speaks its protocol."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed: no hf profiles")

from pekit_agents.errors import ModelError
from pekit_agents.models.hf.hub import local_folder, model_type, pixel_statistics
from pekit_agents.models.spec import ModelSpec

SHA = "a" * 40
FILES = {
    "config.json": b'{"model_type": "dinov2"}',
    "preprocessor_config.json": b'{"image_mean": [0.5, 0.5, 0.5], "image_std": [1, 1, 1]}',
    "model.safetensors": bytes(range(256)) * 98_304,  # 24 MiB: more than one piece of the client
    "pytorch_model.bin": b"a pickle",
    "README.md": b"hello",
}
#: Run in a process of its own, because the hub's address is read once.
SCRIPT = """
import sys
from pekit_agents.errors import ModelError
from pekit_agents.models.hf.hub import checkpoint_folder
from pekit_agents.models.spec import ModelSpec
try:
    print(checkpoint_folder(ModelSpec(*sys.argv[1:])))
except ModelError as exc:
    sys.exit(f"ModelError: {exc}")
"""


class _Hub(BaseHTTPRequestHandler):
    """One model, ann/tiny; ``server.cut`` bytes of the weights are sent before hanging up."""

    def log_message(self, *args):
        pass

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[: self._cut()])

    def _cut(self) -> int | None:
        """Return after how many bytes to hang up, None for never."""
        if not self.path.endswith(".safetensors") or self.server.cuts == 0:
            return None
        self.server.cuts -= 1
        return self.server.cut

    def do_GET(self):
        self.server.seen.append((self.command, self.path, self.headers.get("Range")))
        if not re.search(r"/ann/tiny/", self.path):
            return self._answer(404, b"{}", X_Error_Code="RepoNotFound")
        if "/tree/" in self.path:
            body = json.dumps(
                [
                    {"type": "file", "path": name, "size": len(content), "oid": "0"}
                    for name, content in FILES.items()
                ]
            ).encode()
            return self._answer(200, body, Content_Type="application/json")
        if self.path.startswith("/api/"):
            names = [{"rfilename": name} for name in FILES]
            body = json.dumps({"id": "ann/tiny", "sha": SHA, "siblings": names}).encode()
            return self._answer(200, body, Content_Type="application/json")
        content = FILES.get(self.path.rsplit("/", 1)[1])
        if content is None:
            return self._answer(404, b"", X_Error_Code="EntryNotFound", X_Repo_Commit=SHA)
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X_Repo_Commit": SHA}
        start = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if start is None:
            return self._answer(200, content, Accept_Ranges="bytes", **headers)
        first = int(start[1])
        span = f"bytes {first}-{len(content) - 1}/{len(content)}"
        return self._answer(206, content[first:], Content_Range=span, **headers)

    do_HEAD = do_GET  # noqa: N815


@pytest.fixture
def hub() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    server.cut, server.cuts, server.seen = None, 99, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def fetched(hub) -> list[tuple[str, str, str | None]]:
    """Return the requests for the contents of files."""
    return [seen for seen in hub.seen if seen[0] == "GET" and "/resolve/" in seen[1]]


def fetch(home: Path, *spec: str, hub=None, **env: str) -> subprocess.CompletedProcess[str]:
    """Look a checkpoint up in a fresh process; without a hub nothing answers."""
    port = hub.server_address[1] if hub else 9
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *spec],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={
            **os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HOME": str(home),
            "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "*", **env,
        },
    )  # fmt: skip


def test_a_model_is_downloaded_once_with_progress_and_without_pickles(hub, tmp_path):
    done = fetch(tmp_path, "ann/tiny", hub=hub)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert {path.name for path in folder.iterdir()} == {
        "config.json", "preprocessor_config.json", "model.safetensors",
    }  # fmt: skip
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert "%" in done.stderr
    hub.seen.clear()
    again = fetch(tmp_path, "ann/tiny", hub=hub)
    assert again.stdout == done.stdout
    assert not [seen for seen in hub.seen if "ann/tiny" in seen[1]]  # no look at the network


def test_a_connection_that_drops_is_taken_up_again(hub, tmp_path):
    hub.cut, hub.cuts = 12 << 20, 1
    done = fetch(tmp_path, "ann/tiny", hub=hub)
    assert done.returncode == 0, done.stderr
    weights = Path(done.stdout.strip()) / "model.safetensors"
    assert weights.read_bytes() == FILES["model.safetensors"]
    ranges = [seen[2] for seen in fetched(hub) if "safetensors" in seen[1]]
    assert ranges[0] is None
    assert ranges[1] not in (None, "bytes=0-")


def test_after_an_interruption_whole_files_are_kept(hub, tmp_path):
    hub.cut = 0
    broken = fetch(tmp_path, "ann/tiny", hub=hub)
    assert broken.returncode == 1
    assert "hf download ann/tiny" in broken.stderr
    hub.cut = None
    hub.seen.clear()
    done = fetch(tmp_path, "ann/tiny", hub=hub)
    assert done.returncode == 0, done.stderr
    weights = Path(done.stdout.strip()) / "model.safetensors"
    assert weights.read_bytes() == FILES["model.safetensors"]
    assert [seen[1].rsplit("/", 1)[1] for seen in fetched(hub)] == ["model.safetensors"]


@pytest.mark.parametrize(
    ("spec", "env", "reason"),
    [
        (("ann/other",), {}, "the hub has no model of that name, or it is private"),
        (("ann/tiny",), {"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set"),
    ],
)
def test_what_the_hub_does_not_give_is_one_sentence(hub, tmp_path, spec, env, reason):
    done = fetch(tmp_path, *spec, hub=hub, **env)
    message = done.stderr.strip().splitlines()[-1]
    assert message.startswith(f"ModelError: {spec[0]} is not on this machine")
    assert reason in message
    assert f"hf download {spec[0]}" in message
    assert "embedded profile" in message


def test_a_hub_that_cannot_be_reached_is_one_sentence(tmp_path):
    done = fetch(tmp_path, "ann/tiny")
    assert "cannot be downloaded: the hub cannot be reached. " in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["/nowhere/model", "./model", "a/b/c", "~/nothing-here"])
def test_what_is_neither_a_folder_nor_an_id_is_said_at_once(name):
    with pytest.raises(ModelError, match="expected a folder with a saved model or a hub id"):
        local_folder(ModelSpec(name))


def test_another_family_is_refused_by_name(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match=r"to be a detector \(model_type a, b\), found 'bert'"):
        model_type(tmp_path, ModelSpec("x"), ["b", "a"], "a detector")


@pytest.mark.parametrize("content", [None, "", "[]", "{"])
def test_a_folder_without_a_readable_configuration_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(ModelError, match="expected the configuration of x"):
        model_type(tmp_path, ModelSpec("x"), ["dinov2"], "an encoder")


def test_pixel_statistics_are_read_from_old_and_new_files(tmp_path):
    assert pixel_statistics(tmp_path)[0] == (0.485, 0.456, 0.406)
    values = {"image_mean": [0.1, 0.2, 0.3], "image_std": [1, 2, 3]}
    (tmp_path / "processor_config.json").write_text(json.dumps({"image_processor": values}))
    assert pixel_statistics(tmp_path) == ((0.1, 0.2, 0.3), (1, 2, 3))
    (tmp_path / "preprocessor_config.json").write_bytes(FILES["preprocessor_config.json"])
    assert pixel_statistics(tmp_path)[0] == (0.5, 0.5, 0.5)
