"""Real memories and real agents; only the vision tools and the chat model are scripted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
from pydantic import Field

from pekit_agents.profiles import Profile
from pekit_agents.testing import fake_profile, graded_profile, solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.langchain.toolkit import PersonalToolkit

RED = (20, 20, 80, 80)


class ScriptedModel(GenericFakeChatModel):
    """Says what it is told to say and records what it is shown."""

    seen: list[list[BaseMessage]] = Field(default_factory=list)
    tools: list[Any] = Field(default_factory=list)

    def bind_tools(self, tools: Any, **kwargs: Any) -> ScriptedModel:
        self.tools[:] = tools
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        self.seen.append(messages)
        return super()._generate(messages, *args, **kwargs)


@pytest.fixture
def actions(tmp_path: Path) -> PersonalActions:
    return PersonalActions.open(tmp_path / "memory", fake_profile())


@pytest.fixture
def red() -> bytes:
    """A photo of one red thing."""
    return to_png(solid_scene({"red": RED}))


@pytest.fixture
def scene() -> bytes:
    """A photo of a red, a blue and a green thing."""
    patches = {"red": (5, 5, 45, 45), "blue": (60, 60, 100, 110), "green": (110, 5, 155, 50)}
    return to_png(solid_scene(patches))


@pytest.fixture
def biscuit(
    actions: PersonalActions, red: bytes, tmp_path: Path, copied: Callable[..., Path]
) -> str:
    """Ann's red dog Biscuit is remembered; returns the photo's handle."""
    copied("Biscuit", lambda memory: remember(memory, fake_profile(), red), tmp_path / "memory")
    return actions.images.put("ann", red)


def remember(memory: Path, profile: Profile, red: bytes) -> None:
    actions = PersonalActions.open(memory, profile)
    handle = actions.images.put("ann", red)
    actions.remember_object("ann", "Biscuit", "dog", "Eats shoes.", [handle])


@pytest.fixture
def graded(tmp_path: Path, red: bytes, copied: Callable[..., Path]) -> PersonalActions:
    """Actions that know probabilities; Ann's red dog Biscuit is remembered."""
    profile = graded_profile()
    to = tmp_path / "graded"
    copied("Biscuit, graded", lambda memory: remember(memory, profile, red), to)
    return PersonalActions.open(to, profile)


@pytest.fixture
def pale() -> bytes:
    """A photo of a pale red thing: with probabilities it may be the red one, and may not."""
    return to_png(solid_scene({"pale red": RED}))


@pytest.fixture
def photo() -> Callable[..., bytes]:
    """Draw a photo of patches of plain colour; ``photo("red", "blue")``."""

    def draw(*colours: str, at: int = 0) -> bytes:
        boxes = {
            colour: (10 + 50 * place, 10 + at, 50 + 50 * place, 60 + at)
            for place, colour in enumerate(colours)
        }
        return to_png(solid_scene(boxes, size=(260, 120)))

    return draw


@pytest.fixture
def later(tmp_path: Path) -> Callable[[], None]:
    """Let a second go by: what was kept and used until now is older than what comes."""

    def move() -> None:
        for path in (tmp_path / "images").rglob("img_*"):
            then = path.stat().st_mtime_ns - 10**9
            os.utime(path, ns=(then, then))

    return move


@pytest.fixture
def toolkit(actions: PersonalActions) -> PersonalToolkit:
    return PersonalToolkit(actions=actions)


@pytest.fixture
def make_model() -> Callable[..., ScriptedModel]:
    """Make a model that calls tools and then says "done"."""

    def make(*calls: tuple[str, dict[str, Any]], ids: Iterable[str] = ()) -> ScriptedModel:
        names = list(ids) or [f"call-{index}" for index in range(len(calls))]
        turns = [
            AIMessage("", tool_calls=[{"name": name, "args": args, "id": call_id}])
            for (name, args), call_id in zip(calls, names, strict=True)
        ]
        return ScriptedModel(messages=iter([*turns, AIMessage("done")]))

    return make


@pytest.fixture
def run_agent(
    toolkit: PersonalToolkit, make_model: Callable[..., ScriptedModel]
) -> Callable[..., list[BaseMessage]]:
    """Run a real agent whose model makes the given tool calls; returns its messages."""

    def run(
        *calls: tuple[str, dict[str, Any]],
        say: Any = "Hello",
        tools: PersonalToolkit = toolkit,
        context: Any = None,
    ) -> list[BaseMessage]:
        agent = create_agent(make_model(*calls), tools.get_tools(), context_schema=dict)
        context = {"user_id": "ann"} if context is None else context
        state = agent.invoke({"messages": [{"role": "user", "content": say}]}, context=context)
        return state["messages"]

    return run
