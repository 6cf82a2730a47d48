"""SIGKILL at random moments: nothing torn, nothing acknowledged lost, nothing left behind."""

from __future__ import annotations

import random
import signal
import time

import numpy as np
import pytest

from pekit_agents.errors import ObjectNotFound

MARKER = "marker-of-every-context-c41e"


def states(lines: list[str]) -> dict[str, tuple[list[str], str | None]]:
    """Return what was done to each object, and what was begun but not acknowledged."""
    found: dict[str, tuple[list[str], str | None]] = {}
    for line in lines:
        when, verb, object_id = line.split()
        done, _ = found.get(object_id, ([], None))
        found[object_id] = ([*done, verb], None) if when == "done" else (done, verb)
    return found


def check(memory, object_id, done, begun) -> None:
    try:
        record = memory.get(object_id)
    except ObjectNotFound:
        assert "delete" in done or begun == "delete" or (begun == "insert" and not done)
        return
    assert "delete" not in done
    views, angles = record.vectors, range(record.object.n_views)
    np.testing.assert_allclose(
        np.arctan2(views[:, 1], views[:, 0]), np.divide(angles, 1000), atol=1e-6
    )
    possible = {1 + done.count("append"), 1 + done.count("append") + (begun == "append")}
    assert record.object.n_views in possible
    names = (
        {"renamed"} if "update" in done else {"mug", "renamed"} if begun == "update" else {"mug"}
    )
    assert record.object.name in names
    assert record.object.context == MARKER


def start(process) -> None:
    process.stdin.write("go\n")
    process.stdin.flush()


def kill(process, after_s: float) -> dict[str, tuple[list[str], str | None]]:
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    output, _ = process.communicate()
    whole, _, _ = output.rpartition("\n")  # it may be killed in the middle of a line
    return states(whole.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "rounds", "writers"),
    [
        ("locked", 2, 4),  # one after the other, so that each dies in the middle of a write
        ("unlocked", 2, 2),  # all at once
    ],
)
def test_writers_killed_at_any_moment_leave_a_whole_memory(
    open_memory, worker, bytes_on_disk, mode, rounds, writers
):
    rng = random.Random()
    expected: dict[str, tuple[list[str], str | None]] = {}
    for turn in range(rounds):
        processes = [worker(mode, "churn", f"{turn}-{i}", MARKER) for i in range(writers)]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes if mode == "unlocked" else ():
            start(process)
        for process in processes:
            if mode == "locked":
                start(process)
            expected |= kill(process, rng.uniform(0.05, 0.4))
        memory = open_memory()
        snapshot = memory.snapshot()
        assert np.diff(snapshot.starts).tolist() == [obj.n_views for obj in snapshot.objects]
        assert {obj.object_id for obj in snapshot.objects} <= set(expected)
        for object_id, (done, begun) in expected.items():
            check(memory, object_id, done, begun)
    assert len(expected) > rounds

    if mode == "locked":  # without locks the bytes of killed writers go after an hour
        for obj in memory.objects():
            memory.delete(obj.object_id)
        assert MARKER.encode() not in bytes_on_disk()
