"""Whose memory it is: one rule, and no guess."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from pekit_agents.tools.identity import UnknownUser, user_of


@dataclass
class Context:
    user_id: str = "context"


def runtime(context: Any = None, server: Any = None) -> SimpleNamespace:
    info = None if server is None else SimpleNamespace(user=server)
    return SimpleNamespace(context=context, server_info=info)


SERVER = SimpleNamespace(identity="server")


@pytest.mark.parametrize(
    ("run", "rules", "expected"),
    [
        (runtime(Context()), {"user_id": "bound", "resolver": lambda _: "resolved"}, "bound"),
        (runtime(Context()), {"resolver": lambda _: "resolved"}, "resolved"),
        (None, {"resolver": lambda run: f"resolved {run}"}, "resolved None"),
        (runtime(Context()), {}, "context"),
        (runtime({"user_id": "context"}), {}, "context"),
        (runtime(None, SERVER), {}, "server"),
        (runtime({}, {"identity": "server"}), {}, "server"),
        (runtime({"user_id": "server"}, SERVER), {}, "server"),
        (runtime({"user_id": "context"}, SERVER), {"user_id": "bound"}, "bound"),
    ],
)
def test_the_order(run: Any, rules: dict[str, Any], expected: str) -> None:
    assert user_of(run, **rules) == expected


@pytest.mark.parametrize(
    ("run", "rules"),
    [
        (None, {}),
        (runtime(), {}),
        (runtime({"user": "ann"}), {}),
        (runtime({"user_id": ""}), {}),
        (runtime({"user_id": 7}), {}),
        (runtime(Context()), {"user_id": ""}),
        (runtime(Context()), {"resolver": lambda _: None}),
    ],
)
def test_without_a_user_nothing_runs(run: Any, rules: dict[str, Any]) -> None:
    with pytest.raises(UnknownUser, match="expected"):
        user_of(run, **rules)


def test_a_client_cannot_claim_to_be_another_user() -> None:
    with pytest.raises(UnknownUser, match="authenticated"):
        user_of(runtime({"user_id": "bob"}, SERVER))
