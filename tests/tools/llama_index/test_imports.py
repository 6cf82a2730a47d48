"""LlamaIndex is optional, and its absence is said with the line to type."""

from __future__ import annotations

import subprocess
import sys

MODULES = (
    "retrievers.llama_index",
    "tools.llama_index",
    "tools.llama_index.agent",
    "tools.llama_index.history",
    "tools.llama_index.identity",
    "tools.llama_index.ingestion",
    "tools.llama_index.messages",
    "tools.llama_index.personal_message",
    "tools.llama_index.pictures",
)


def run(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()


def test_a_missing_framework_is_named_by_each_module() -> None:
    code = (
        "import importlib, sys\n"
        "sys.modules['llama_index'] = sys.modules['llama_index.core'] = None\n"
        "from pekit_agents import MissingDependency\n"
        f"for name in {MODULES!r}:\n"
        "    try:\n        importlib.import_module(f'pekit_agents.{name}')\n"
        "    except MissingDependency as exc:\n        print(exc)"
    )
    said = run(code)
    assert len(said) == len(MODULES)
    assert all('pip install "pekit-agents[llama-index]"' in line for line in said)


def test_no_module_needs_langchain() -> None:
    names = [f"pekit_agents.{name}" for name in MODULES]
    code = (
        "import importlib, sys\n"
        "sys.modules['langchain'] = sys.modules['langchain_core'] = None\n"
        f"for name in {names!r}:\n    importlib.import_module(name)\n    print(name)"
    )
    assert run(code) == names
