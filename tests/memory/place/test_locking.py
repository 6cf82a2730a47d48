from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pekit_agents.errors import WriteConflict
from pekit_agents.memory.place.locking import locked


def test_a_turn_is_held_by_one_and_then_by_the_next(tmp_path):
    path, order, asked = tmp_path / "lock", [], threading.Event()

    def second():
        asked.set()
        with locked(path) as alone:
            order.append(("second", alone))

    with locked(path) as alone:
        thread = threading.Thread(target=second)
        thread.start()
        assert asked.wait(20)
        order.append(("first", alone))
    thread.join()
    assert order == [("first", True), ("second", True)]


def test_waiting_for_a_turn_ends(tmp_path):
    path = tmp_path / "lock"
    with locked(path), pytest.raises(WriteConflict, match=r"for 0\.05 s .*lock"):  # noqa: SIM117
        with locked(path, patience_s=0.05):
            pass
    with locked(path, patience_s=0.05) as alone:
        assert alone


def test_a_turn_ends_with_an_error_inside(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path / "lock"):
        raise KeyError
    with locked(tmp_path / "lock", patience_s=0.05) as alone:
        assert alone


OPEN_FILES = Path("/proc/self/fd")


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="needs /proc")
def test_a_child_forked_during_a_turn_does_not_keep_it(tmp_path):
    path = tmp_path / "lock"
    with locked(path):
        (held,) = [fd for fd in OPEN_FILES.iterdir() if fd.is_file() and fd.samefile(path)]
        copy = os.dup(int(held.name))  # what a forked child would have
    with locked(path, patience_s=0.05) as alone:
        assert alone
    os.close(copy)


def test_where_there_are_no_locks_nobody_is_known_to_be_alone(tmp_path, without_locks):
    without_locks()
    with locked(tmp_path / "lock") as alone:
        assert not alone
