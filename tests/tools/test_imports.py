"""Frameworks are optional, and their absence is said with the line to type."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_verbs_need_no_framework() -> None:
    code = (
        "import sys, pekit_agents.tools.actions, pekit_agents.tools.specs, "
        "pekit_agents.tools.image_folder, pekit_agents.tools.identity, "
        "pekit_agents.retrievers.documents, pekit_agents.retrievers.photo_library.library\n"
        "pekit_agents.tools.specs.tool_specs()\n"
        "print([name for name in ('langchain', 'langchain_core', 'llama_index', 'pydantic', "
        "'torch') if name in sys.modules])"
    )
    assert run(code) in ("[]", "['pydantic']")  # lancedb itself loads pydantic


@pytest.mark.parametrize("module", ["tools.langchain", "retrievers.langchain"])
def test_a_missing_framework_is_named(module: str) -> None:
    code = (
        "import sys\n"
        "sys.modules['langchain'] = sys.modules['langchain_core'] = None\n"
        "from pekit_agents import MissingDependency\n"
        f"try:\n    import pekit_agents.{module}\n"
        "except MissingDependency as exc:\n    print(exc)"
    )
    assert 'pip install "pekit-agents[langchain]"' in run(code)
