"""LangChain's own suites for tools, on every tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from langchain_core.tools import BaseTool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from pekit_agents.testing import fake_profile, solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_store import handle_of
from pekit_agents.tools.langchain.toolkit import PersonalToolkit
from pekit_agents.tools.specs import VERBS
from tests.tools.moving_pictures import film

RED = to_png(solid_scene({"red": (20, 20, 80, 80)}))
BLUE = to_png(solid_scene({"blue": (20, 20, 80, 80)}))


class _Memory:
    verb: str
    params: ClassVar[dict[str, Any]]

    @pytest.fixture(autouse=True)
    def _memory(self, tmp_path: Path) -> None:
        actions = PersonalActions.open(tmp_path, fake_profile())
        handle = actions.images.put("ann", RED)
        actions.remember_object("ann", "Biscuit", "dog", "Eats shoes.", [handle])
        actions.images.put("ann", BLUE)
        self._toolkit = PersonalToolkit(actions=actions, user_id="ann")

    @property
    def tool_constructor(self) -> BaseTool:
        return self._toolkit.get_tools()[VERBS.index(self.verb)]

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return self.params


class _Remember(_Memory):
    verb = "remember_object"
    params: ClassVar = {"name": "Mug", "category": "coffee mug", "images": [handle_of(BLUE)]}


class _Find(_Memory):
    verb = "find_personal_objects"
    params: ClassVar = {"image": handle_of(RED)}


class _FindInVideo(_Memory):
    verb = "find_in_video"

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"clip": self._toolkit.actions.clips.put("ann", film("red"))}


class _Describe(_Memory):
    verb = "describe_personal"
    params: ClassVar = {"question": "What is Biscuit doing?", "image": handle_of(RED)}


class _List(_Memory):
    verb = "list_personal_objects"
    params: ClassVar = {"search": "dog"}


class _Update(_Memory):
    verb = "update_personal_object"
    params: ClassVar = {"name": "Biscuit", "context": "Eats slippers."}


class _Forget(_Memory):
    verb = "forget_personal_object"
    params: ClassVar = {"name": "Biscuit"}


class TestRememberUnit(_Remember, ToolsUnitTests): ...


class TestRememberIntegration(_Remember, ToolsIntegrationTests): ...


class TestFindUnit(_Find, ToolsUnitTests): ...


class TestFindIntegration(_Find, ToolsIntegrationTests): ...


class TestFindInVideoUnit(_FindInVideo, ToolsUnitTests): ...


class TestFindInVideoIntegration(_FindInVideo, ToolsIntegrationTests): ...


class TestDescribeUnit(_Describe, ToolsUnitTests): ...


class TestDescribeIntegration(_Describe, ToolsIntegrationTests): ...


class TestListUnit(_List, ToolsUnitTests): ...


class TestListIntegration(_List, ToolsIntegrationTests): ...


class TestUpdateUnit(_Update, ToolsUnitTests): ...


class TestUpdateIntegration(_Update, ToolsIntegrationTests): ...


class TestForgetUnit(_Forget, ToolsUnitTests): ...


class TestForgetIntegration(_Forget, ToolsIntegrationTests): ...
