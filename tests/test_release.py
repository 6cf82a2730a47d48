"""One version, wherever it stands, and a changelog in the form that it says it has."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
RELEASE = re.compile(r"^## \[?(\d+\.\d+\.\d+)\]? - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)
SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def _project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def _changelog():
    return (ROOT / "CHANGELOG.md").read_text("utf-8")


def _citation():
    return yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))


def test_what_is_installed_is_the_package_alone():
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    assert {name.split(".")[0] for name in tables["packages"]} == {"pekit_agents"}


def test_the_newest_release_of_the_changelog_is_the_version_of_the_project():
    newest, *_ = RELEASE.findall(_changelog())
    assert newest[0] == _project()["version"]


def test_the_citation_has_the_same_version_and_date():
    (version, released), *_ = RELEASE.findall(_changelog())
    citation = _citation()
    assert (citation["version"], str(citation["date-released"])) == (version, released)


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
