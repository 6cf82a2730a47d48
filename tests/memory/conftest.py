"""Real memories in temporary folders; nothing is faked."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pekit_agents.memory import Memory
from pekit_agents.memory.place import locking
from pekit_agents.types import Crop, Details, PersonalObject

DIM = 16
WORKERS = Path(__file__).with_name("workers.py")


@pytest.fixture(scope="session")
def unit_vectors() -> Callable[..., np.ndarray]:
    """Make (n, DIM) float32 unit vectors, the same for the same seed."""

    def make(n: int = 1, *, seed: int = 0, dim: int = DIM) -> np.ndarray:
        vectors = np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return make


@pytest.fixture(scope="session")
def thing() -> Callable[..., PersonalObject]:
    """Make an object; ``minute`` orders it among the others."""

    def make(object_id: str = "id-1", name: str = "Bella", **fields: object) -> PersonalObject:
        minute = fields.pop("minute", 0)
        values = {"category": "dog", "context": "likes the sea", "n_views": 0, **fields}
        created = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC) + timedelta(minutes=minute)
        return PersonalObject(object_id, name, created_at=created, **values)

    return make


@pytest.fixture(scope="session")
def some_details() -> Callable[..., Details]:
    """Make the details of a region, the same for the same seed."""

    def make(seed: int = 0, *, patches: int = 20, width: int = 8) -> Details:
        rng = np.random.default_rng(seed)
        codes, colours = (
            rng.integers(-128, 128, (patches, columns), np.int8) for columns in (width, 2)
        )
        return Details(codes, colours, rng.integers(1, 128, patches, np.int8))

    return make


@pytest.fixture
def open_memory(tmp_path: Path) -> Callable[..., Memory]:
    """Open a memory below ``tmp_path``; each call is a handle of its own."""

    def make(root: Path = tmp_path / "memory", **changes: object) -> Memory:
        arguments = {"user_id": "ann", "encoder_id": "tiny@1", "dim": DIM, **changes}
        return Memory.open(root, **arguments)

    return make


@pytest.fixture
def memory(open_memory: Callable[..., Memory]) -> Memory:
    return open_memory()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder that ``open_memory`` uses."""
    return tmp_path / "memory"


@pytest.fixture
def source(
    open_memory: Callable[..., Memory],
    thing: Callable[..., PersonalObject],
    unit_vectors: Callable[..., np.ndarray],
    some_details: Callable[..., Details],
) -> Memory:
    """Another user's memory of two objects, with crops and details of some views."""
    memory, crop = (
        open_memory(user_id="source"),
        Crop(b"\xff\xd8\xffpicture", b"\x89PNG\r\n\x1a\nmask"),
    )
    memory.insert(
        thing("a", "Bella"),
        unit_vectors(3, seed=1),
        crops=[crop, None, crop],
        details=[None, some_details(), None],
    )
    memory.insert(thing("b", "Räx 👩‍👩‍👧", context="", minute=1), unit_vectors(2, seed=2))
    return memory


@pytest.fixture
def exported(source: Memory, tmp_path: Path) -> Path:
    """The export of ``source``."""
    source.export(tmp_path / "memory.pekit")
    return tmp_path / "memory.pekit"


@pytest.fixture
def worker(root: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start processes that run ``workers.py`` on the memory in ``root``."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, str(WORKERS), str(root), *map(str, arguments)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make the file system one that has no locks, from when this is called."""
    return lambda: monkeypatch.setattr(locking, "lock_descriptor", beside("workers").no_lock)


@pytest.fixture
def bytes_on_disk(root: Path) -> Callable[[], bytes]:
    """Return the content of every file below ``root``, in one piece."""

    def read() -> bytes:
        return b"\n".join(path.read_bytes() for path in root.rglob("*") if path.is_file())

    return read


@pytest.fixture(scope="session")
def age() -> Callable[..., None]:
    """Make a file look as if it had been written some hours ago."""

    def make(path: Path, *, hours: float) -> None:
        then = time.time() - hours * 3600
        os.utime(path, (then, then))

    return make


def beside(name: str) -> ModuleType:
    """Return a module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def as_layout() -> Callable[..., pa.Table]:
    """Make rows as an older layout had them."""
    return beside("kill_worker").as_layout


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Start what stands in for LanceDB Cloud; databases are made when a table is."""
    for name in ("API_KEY", "REGION", "HOST_OVERRIDE"):
        monkeypatch.delenv(f"LANCEDB_{name}", raising=False)
    running = beside("cloud_server").CloudServer(tmp_path / "cloud")
    yield running
    running.stop()


@pytest.fixture
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand in an empty folder that stays so: no folder is called "s3:" or "db:"."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield
    assert list((tmp_path / "here").iterdir()) == []
