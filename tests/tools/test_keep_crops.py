"""Small pictures of what is remembered are kept on request, by whichever door one comes in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from llama_index.core.llms.mock import MockFunctionCallingLLM

from pekit_agents.retrievers.photo_library import PhotoLibrary
from pekit_agents.testing import fake_profile, solid_scene
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.kit_pool import KitPool
from pekit_agents.tools.langchain import PersonalToolkit
from pekit_agents.tools.llama_index import PersonalToolSpec
from pekit_agents.tools.llama_index_agent import PersonalFunctionAgent
from pekit_agents.tools.middleware import PersonalizationMiddleware

PHOTO = solid_scene({"red": (9, 9, 60, 60)})


def kit_of_pool(path: Path, **options: Any) -> Any:
    return KitPool(path, fake_profile(), **options)("ann")


def kit_of_actions(path: Path, **options: Any) -> Any:
    return PersonalActions.open(path, fake_profile(), **options).open_kit("ann")


def kit_of_toolkit(path: Path, **options: Any) -> Any:
    return PersonalToolkit.open(path, profile=fake_profile(), **options).actions.open_kit("ann")


def kit_of_middleware(path: Path, **options: Any) -> Any:
    opened = PersonalizationMiddleware.open(path, profile=fake_profile(), **options)
    return opened.actions.open_kit("ann")


def kit_of_tool_spec(path: Path, **options: Any) -> Any:
    return PersonalToolSpec.open(path, profile=fake_profile(), **options).actions.open_kit("ann")


def kit_of_agent(path: Path, **options: Any) -> Any:
    opened = PersonalFunctionAgent.open(
        path, user_id="ann", profile=fake_profile(), llm=MockFunctionCallingLLM(), **options
    )
    return opened.actions.open_kit("ann")


def kit_of_photo_library(path: Path, **options: Any) -> Any:
    return PhotoLibrary.open(path, "ann", fake_profile(), **options).kit


@pytest.mark.parametrize(
    "kit_of",
    [
        kit_of_pool,
        kit_of_actions,
        kit_of_toolkit,
        kit_of_middleware,
        kit_of_tool_spec,
        kit_of_agent,
        kit_of_photo_library,
    ],
)
def test_crops_are_kept_on_request_only(tmp_path: Path, kit_of: Any) -> None:
    for number, options in enumerate(({}, {"keep_crops": True})):
        kit = kit_of(tmp_path, **options)
        kit.remember(f"Cup {number}", PHOTO, category="mug")
        (view,) = kit.views(f"Cup {number}")
        assert (view.crop is not None) == bool(options)
