"""Many users over one set of models."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.testing import fake_profile, solid_scene
from pekit_agents.tools import kit_pool
from pekit_agents.tools.kit_pool import KitPool


def test_users_share_models_and_nothing_else(tmp_path: Path) -> None:
    pool = KitPool(tmp_path, fake_profile())
    assert pool("ann") is pool("ann")
    assert pool("ann").profile is pool("bob").profile
    pool("ann").remember("Biscuit", solid_scene({"red": (9, 9, 60, 60)}), category="dog")
    assert pool("bob").objects() == []


def test_models_are_loaded_once_and_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []
    asked = threading.Semaphore(0)

    def load(name: str) -> Any:
        loads.append(name)
        for _ in range(8):  # nothing is loaded before all have asked
            assert asked.acquire(timeout=20)
        asked.release(8)
        return fake_profile()

    def ask(user_id: str) -> None:
        asked.release()
        pool(user_id)

    monkeypatch.setattr(kit_pool, "load_profile", load)
    pool = KitPool(tmp_path, "embedded")
    assert loads == []
    threads = [threading.Thread(target=ask, args=(f"user-{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == ["embedded"]


def test_the_least_recently_used_kit_is_let_go(tmp_path: Path) -> None:
    pool = KitPool(tmp_path, fake_profile(), max_users=2)
    ann, bob = pool("ann"), pool("bob")
    pool("ann")
    pool("cleo")
    assert pool("ann") is ann
    assert pool("bob") is not bob


def test_bad_users_and_limits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        KitPool(tmp_path, fake_profile(), max_users=0)
    with pytest.raises(InvalidInput):
        KitPool(tmp_path, fake_profile())("")
