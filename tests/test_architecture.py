"""The shape of the house: arrows run one way, public means ``__all__``, imports are light."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

import pekit_agents

ROOT = Path(__file__).parents[1]
SOURCES = {
    "pekit_agents": ROOT / "pekit_agents",
    "pekit_agents.tools": ROOT / "tools",
    "pekit_agents.retrievers": ROOT / "retrievers",
}

#: Each room or loose module and its floor: it imports from lower floors, and from its own room.
FLOORS = [
    {"types", "errors", "files", "wording"},
    {"boxes", "images", "owner_text", "protocols", "scoring", "settings"},
    {"calibration", "embedding", "memory", "prompting"},
    {"models"},
    {"profiles"},
    {"retrieval", "testing"},
    {"introduction"},
    {"answering", "video"},
    {"kit"},
    {"demo", "evaluation", "tools"},
    {"retrievers"},
    {"server"},
    {"cli"},
    {"__main__"},
]
RANK = {name: rank for rank, floor in enumerate(FLOORS) for name in floor}


@cache
def modules() -> dict[str, Path]:
    """Return every module of the package by its dotted name."""
    found = {}
    for package, folder in SOURCES.items():
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join((package, *parts)).removesuffix(".__init__")
            found[name] = path
    return found


@cache
def imported(path: Path) -> set[str]:
    """Return the dotted names that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & set(modules())
            found |= inner or {node.module}
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found


def imports(path: Path) -> set[str]:
    """Return those of this package."""
    return {name for name in imported(path) if name.split(".")[0] == "pekit_agents"}


def listed_in(path: Path) -> list[str]:
    """Return what a module's ``__all__`` lists, without importing it."""
    (listed,) = [
        node.value
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    return ast.literal_eval(listed)


def part(name: str) -> str:
    """Return which part of the package a module belongs to: ``memory`` of a.memory.store."""
    return name.split(".")[1] if "." in name else ""


def test_contributors_read_the_same_floors():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    told = re.findall(r"^\d+\. ((?:`\w+`(?:, )?)+)(?::|$)", text, re.MULTILINE)
    assert [set(re.findall(r"\w+", names)) for names in told] == FLOORS


def test_the_corridor_is_short_and_files_are_small():
    loose = list((ROOT / "pekit_agents").glob("*.py"))
    assert len(loose) <= 12
    lines = {name: len(path.read_text("utf-8").splitlines()) for name, path in modules().items()}
    assert {name: count for name, count in lines.items() if count > 400} == {}


@pytest.mark.parametrize("name", sorted(modules()))
def test_arrows_run_one_way(name):
    own = part(name)
    if not own:
        return  # the package's own __init__ names its public modules
    assert own in RANK, f"{own} has no floor yet: place it in FLOORS"
    for target in imports(modules()[name]):
        other = part(target)
        if not other or other == own:
            continue
        assert RANK[other] < RANK[own], (
            f"{name} (floor {RANK[own]}) imports {target} ({RANK[other]})"
        )


def test_the_package_imports_nothing_that_is_not_installed():
    absent = {"benchmarks", "examples", "tests"}
    for name, path in modules().items():
        assert {each.split(".")[0] for each in imported(path)} & absent == set(), name


def test_there_are_no_cycles():
    graph = {name: imports(path) & set(modules()) for name, path in modules().items()}
    graph["pekit_agents"] = set()  # it loads its names lazily
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for target in graph[name]:
                visit(target, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_only_the_composition_root_names_concrete_models():
    allowed = {"profiles", "models", "cli"}
    runtime = {f"pekit_agents.models.{name}" for name in ("hf.torch_runtime", "hf.hub", "spec")}
    naming = {
        name
        for name, path in modules().items()
        if part(name) not in allowed and any(part(t) == "models" for t in imports(path) - runtime)
    }
    assert naming == set()


def test_public_names_are_real_and_all_of_them_are_listed():
    for name in pekit_agents.__all__:
        assert getattr(pekit_agents, name).__name__ == name
    assert dir(pekit_agents) == pekit_agents.__all__ == sorted(set(pekit_agents.__all__))
    assert {"PeKit", "PeKitError", "load_image"} < set(pekit_agents.__all__)


@pytest.mark.parametrize("stub", sorted((ROOT / "pekit_agents").rglob("__init__.pyi")), ids=str)
def test_names_that_are_loaded_late_stand_once_for_python_and_for_type_checkers(stub):
    door = importlib.import_module(".".join(stub.parent.relative_to(ROOT).parts))
    named = []
    for node in ast.parse(stub.read_text("utf-8")).body[1:]:
        assert isinstance(node, ast.ImportFrom)
        home = modules()[f"{door.__name__}.{node.module}"]
        for alias in node.names:
            assert alias.asname == alias.name, "a type checker takes it for private"
            assert alias.name in listed_in(home)
            named.append(alias.name)
    assert sorted(named) == door.__all__
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    assert stub.name in shipped["package-data"][door.__name__]


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="No pekit_agents attribute nothing"):
        pekit_agents.nothing  # noqa: B018


@pytest.mark.parametrize(
    "info", list(pkgutil.iter_modules(pekit_agents.__path__)), ids=lambda info: info.name
)
def test_every_module_lists_what_it_offers(info):
    if info.ispkg or info.name == "__main__":
        return
    module = importlib.import_module(f"pekit_agents.{info.name}")
    for name in module.__all__:
        assert hasattr(module, name)


def test_importing_the_package_loads_next_to_nothing():
    code = (
        "import json, sys\n"
        "before = set(sys.modules)\n"
        "import pekit_agents\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    loaded = set(json.loads(done.stdout))
    heavy = {"torch", "transformers", "lancedb", "numpy", "PIL", "onnxruntime"}
    heavy |= {"langchain", "langchain_core", "llama_index", "pyarrow", "pydantic"}
    assert heavy & loaded == set()
    assert len(loaded) < 60  # NumPy alone is 140


def test_errors_are_the_ones_that_the_tree_draws():
    errors = importlib.import_module("pekit_agents.errors")
    for name in errors.__all__:
        assert name in (errors.__doc__ or "")
        assert issubclass(getattr(errors, name), errors.PeKitError)
