"""SIGKILL in the middle of each kind of write: nothing torn, twice there, lost or left behind."""

from __future__ import annotations

import importlib.util
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from pekit_agents.memory.place.place import user_place

WORKER = Path(__file__).with_name("kill_worker.py")
spec = importlib.util.spec_from_file_location("kill_worker", WORKER)
kill_worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kill_worker)

SHORT_S = (0.02, 0.25)


def start(root, kind, file):
    command = [sys.executable, str(WORKER), str(root), kind, str(file)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )


def killed(process, first, rng):
    """Let a worker go, kill it, and return how many steps it did and whether it was in one."""
    process.stdin.write(f"go\n{first}\n")
    process.stdin.flush()
    process.stdout.readline()
    time.sleep(rng.uniform(*SHORT_S))
    process.send_signal(signal.SIGKILL)
    output, _ = process.communicate()
    whole, _, _ = output.rpartition("\n")  # it may be killed in the middle of a line
    lines = ["begin", *(line.split()[0] for line in whole.splitlines())]
    return first + lines.count("done"), lines[-1] == "begin"


def holds(root, kind, steps, in_the_middle):
    """Check what a killed worker left; return how many steps have landed."""
    found = kill_worker.state(root, kind)
    possible = [steps, steps + 1] if in_the_middle else [steps]
    if kind == "forget_user" and in_the_middle:
        assert len(found) in (0, kill_worker.IMPORTED)
        return steps
    fits = [
        n
        for n in possible
        if kill_worker.after(kind, n) in (found, len(found))
        or (kind == "merge" and sorted_views(kill_worker.after(kind, n)) == sorted_views(found))
    ]
    assert fits, (kind, possible, found)
    return fits[0]


def sorted_views(objects):
    return {object_id: sorted(numbers) for object_id, numbers in objects.items()}


def removed_bytes(root, kind):
    """Return the numbers of views that are not in the memory but, after the next purge, on disk."""
    kill_worker.open_user(root, kind).purge()
    held = {number for views in kill_worker.state(root, kind).values() for number in views}
    files = user_place(root, kind).path.rglob("*")
    content = b"".join(path.read_bytes() for path in files if path.is_file())
    gone = set(range(kill_worker.START)) - held
    return [n for n in gone if kill_worker.numbered([n]).tobytes() in content]


def kill_in_each_write(tmp_path, rounds):
    rng, counts = random.Random(), Counter()
    root = tmp_path / "memory"
    landed = dict.fromkeys(kill_worker.KINDS, 0)
    files = {kind: tmp_path / f"{kind}.pekit" for kind in kill_worker.KINDS}
    for kind, file in files.items():
        kill_worker.prepare(root, kind, file)
    for _ in range(rounds):
        workers = {kind: start(root, kind, files[kind]) for kind in kill_worker.KINDS}
        for worker in workers.values():
            assert worker.stdout.readline() == "ready\n"
        for kind, worker in workers.items():
            steps, in_the_middle = killed(worker, landed[kind], rng)
            landed[kind] = holds(root, kind, steps, in_the_middle)
            counts["kills"] += 1
            counts["in the middle of a write"] += in_the_middle
            counts["writes"] += steps
    for kind in kill_worker.KINDS:
        assert removed_bytes(root, kind) == []
        kill_worker.open_user(root, kind).forget_everything()
    assert list(root.iterdir()) == []
    return counts


@pytest.mark.slow
def test_a_writer_killed_in_any_kind_of_write_leaves_a_whole_memory(tmp_path, capsys):
    counts = kill_in_each_write(tmp_path, rounds=2)
    with capsys.disabled():
        print("\n", dict(counts), "lost, torn or twice there: 0")
