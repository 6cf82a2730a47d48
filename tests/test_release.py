"""One version, a changelog in its form, and an install that works as README says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import venv
from datetime import date
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
RELEASE = re.compile(r"^## \[?(\d+\.\d+\.\d+)\]? - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)
SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@cache
def _project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def _changelog():
    return (ROOT / "CHANGELOG.md").read_text("utf-8")


def _citation():
    return yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))


def test_what_is_installed_is_the_package_alone():
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    assert {name.split(".")[0] for name in tables["packages"]} == {"pekit_agents"}


def _is_released():
    """Whether nothing has changed since the newest release of the changelog."""
    unreleased = _changelog().split("## [Unreleased]\n")[1]
    return RELEASE.match(unreleased.strip()) is not None


def test_the_newest_release_of_the_changelog_is_the_version_of_the_project_or_before_it():
    newest, *_ = RELEASE.findall(_changelog())
    version = Version(_project()["version"])
    assert version == Version(newest[0]) if _is_released() else version > Version(newest[0])


def test_the_citation_has_the_same_version_and_date():
    (_, released), *_ = RELEASE.findall(_changelog())
    citation = _citation()
    assert citation["version"] == _project()["version"]
    assert str(citation.get("date-released")) == (released if _is_released() else "None")


def test_the_citation_has_what_the_format_requires():
    citation = _citation()
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["license"] == _project()["license"]
    assert citation["references"][0]["type"] == "article"


def test_the_changelog_keeps_its_form():
    text = _changelog()
    assert text.startswith("# Changelog\n")
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= SECTIONS
    headings = re.findall(r"^## .*$", text, re.MULTILINE)
    assert headings[0] == "## [Unreleased]"
    assert all(RELEASE.fullmatch(heading) for heading in headings[1:])
    dates = [date.fromisoformat(day) for _, day in RELEASE.findall(text)]
    assert dates == sorted(dates, reverse=True)


# What users install ---------------------------------------------------------------------------

#: Extras whose packages are not installed for the tests.
LEFT_OUT = {"docs", "hf-4bit", "reference"}


@cache
def _pins():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(pin.name): pin for pin in pins}


def _amiss(requirements, extras=("",), *, pins, seen):
    """Yield what the tested packages and the pins lack of requirements, and of theirs in turn."""
    for text in requirements:
        needed = Requirement(text)
        name = canonicalize_name(needed.name)
        if text in seen or not (
            needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras)
        ):
            continue
        seen.add(text)
        if name == canonicalize_name(_project()["name"]):
            for extra in needed.extras:
                yield from _amiss(_extra(extra), pins=pins, seen=seen)
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            yield f"{text}: not installed"
            continue
        if not needed.specifier.contains(found.version, prereleases=True):
            yield f"{text}: tested with {found.version}"
        if name not in pins or not pins[name].specifier.contains(found.version, prereleases=True):
            yield f"{name} {found.version}: pinned to {pins.get(name)}"
        yield from _amiss(found.requires or (), needed.extras or ("",), pins=pins, seen=seen)


def _extra(name):
    return _project()["optional-dependencies"][name]


@pytest.mark.parametrize("extra", [None, *_project()["optional-dependencies"]])
def test_what_is_tested_is_what_users_may_get_and_what_is_pinned(extra):
    """So each extra can be resolved, with ``constraints.txt`` and without: to what is here."""
    requirements = _project()["dependencies"] if extra is None else _extra(extra)
    amiss = list(_amiss(requirements, pins=_pins(), seen=set()))
    if extra == "chat-ui":  # by itself; its tests run beside the server, which wants mcp 2
        amiss = [line for line in amiss if not line.startswith("mcp<2")]
    if extra in LEFT_OUT and any("not installed" in line for line in amiss):
        pytest.skip(f"only a package index can tell: {', '.join(amiss)}")
    assert amiss == []


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A copy of what a clone has of the package."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, folder)
    for name in ("pekit_agents", "tools", "retrievers"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def python(tmp_path) -> Path:
    """The Python of a new environment that has the packages of this one, and not the project."""
    venv.create(tmp_path / "venv", with_pip=False)
    (packages,) = (tmp_path / "venv").glob("[Ll]ib/**/site-packages")
    here = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "here.pth").write_text("\n".join(here), "utf-8")  # runs no .pth file that is there
    return next((tmp_path / "venv").glob("[bS]*/python*"))


def _run(cwd, *command):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _imports_of_readme():
    readme = (ROOT / "README.md").read_text("utf-8")
    imports = set(re.findall(r"^from (pekit_agents\S*) import ([^(#\n]+)", readme, re.MULTILINE))
    assert "pekit_agents.tools.langchain" in {module for module, _ in imports}
    return sorted(imports)


@pytest.mark.slow
def test_what_readme_imports_is_there_in_a_clone_that_is_not_installed(clone, python):
    for name in ("langchain", "llama_index.core"):
        pytest.importorskip(name)
    lines = [f"from {module} import {names}" for module, names in _imports_of_readme()]
    _run(clone, python, "-c", "\n".join(lines))


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--editable"]], ids=["plain", "editable"])
def test_what_readme_imports_is_there_once_it_is_installed(clone, python, tmp_path, options):
    setuptools = distribution("setuptools").version
    if Version(setuptools) < Version("77"):
        pytest.skip(f"setuptools is {setuptools}, and the project is built with 77 or later")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index"]
    _run(clone, *pip, "--no-deps", "--no-build-isolation", *options, ".")
    modules = sorted({module for module, _ in _imports_of_readme()})
    code = f"from importlib.util import find_spec\nfor m in {modules}: print(find_spec(m).origin)"
    for place in (clone, tmp_path):
        found = _run(place, python, "-c", code).splitlines()
        home = tmp_path / "venv" if place == tmp_path and not options else clone
        assert [Path(path).is_relative_to(home) for path in found] == [True] * len(modules)
