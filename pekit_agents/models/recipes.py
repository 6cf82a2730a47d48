"""Profiles as data: which models, how they run and which thresholds apply.

A recipe names models and loads none. It can be written in a TOML file, so that the command line
runs any combination::

    base = "grounded-sam"          # the recipe whose values hold where this file is silent
    device = "cuda"                # for every model that does not say otherwise
    prompt = "categories"          # or "object"
    calibration = "my.npz"         # what `pekit calibrate` wrote, relative to this file

    [detector]
    id = "IDEA-Research/grounding-dino-tiny"   # a hub id, a folder or a .pth file beside this file
    image_size = 480

    [encoder]
    id = "models/my-dinov2"

    [matching]
    threshold = 0.7
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_args

from pekit_agents.errors import PeKitError, ProfileError
from pekit_agents.models.hf.detection import DetectionSettings, PromptStyle
from pekit_agents.models.spec import ModelSpec
from pekit_agents.settings import MatchSettings

__all__ = ["Recipe", "read_recipe"]

_OBJECT_PROMPT = DetectionSettings(threshold=0.05, min_area=0.005)
_MODELS = ("detector", "segmenter", "encoder")
_TABLES = (*_MODELS, "extraction", "proposals", "matching")
_VALUES = ("base", "name", "device", "dtype", "prompt", "augment", "calibration")
_Settings = TypeVar("_Settings", DetectionSettings, MatchSettings)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A profile of torch models (paper 3.5), before any is loaded.

    Attributes:
        name: What to call it in messages.
        detector: F_prop, and the first half of F_ext.
        encoder: F_emb.
        segmenter: The second half of F_ext; None takes the box as mask (the ablation).
        prompt: What the detector is asked for in query photos.
        extraction: Which boxes count in reference photos.
        proposals: Which boxes count in query photos; None is usual for the prompt: 0.25 for
            categories, 0.05 and half a percent of the photo for anything.
        matching: Threshold and suppression.
        augment: Whether reference vectors are averaged over synthetic views.
        calibration: The file that ``pekit calibrate`` wrote for the encoder; None goes by the
            threshold in ``matching``.
    """

    name: str
    detector: ModelSpec
    encoder: ModelSpec
    segmenter: ModelSpec | None = None
    prompt: PromptStyle = "categories"
    extraction: DetectionSettings = field(default_factory=DetectionSettings)
    proposals: DetectionSettings | None = None
    matching: MatchSettings = field(default_factory=MatchSettings)
    augment: bool = True
    calibration: str | Path | None = None

    def __post_init__(self) -> None:
        if self.prompt not in get_args(PromptStyle):
            raise ProfileError(
                f'expected prompt to be "categories" or "object", found {self.prompt!r}'
            )
        if not isinstance(self.name, str):
            raise ProfileError(f"expected name to be text, found {self.name!r}")
        if not isinstance(self.augment, bool):
            raise ProfileError(f"expected augment to be true or false, found {self.augment!r}")
        if not isinstance(self.calibration, str | Path | None):
            raise ProfileError(f"expected calibration to be a file, found {self.calibration!r}")

    @property
    def models(self) -> tuple[ModelSpec, ...]:
        """Every model it needs."""
        chosen = (self.detector, self.segmenter, self.encoder)
        return tuple(spec for spec in chosen if spec is not None)

    @property
    def proposal_settings(self) -> DetectionSettings:
        """``proposals``, or what is usual for the prompt, with the extraction's close-ups."""
        if self.proposals is not None:
            return self.proposals
        usual = DetectionSettings() if self.prompt == "categories" else _OBJECT_PROMPT
        return replace(usual, close_up=self.extraction.close_up)


def read_recipe(path: Path, bases: Mapping[str, Recipe]) -> Recipe:
    """Return the recipe in a TOML file.

    Args:
        path: The file.
        bases: The recipes it may start from, by name.

    Raises:
        ProfileError: The file cannot be read, or a key or value is none of those expected.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as exc:
        raise ProfileError(
            f"expected the .toml file of a profile, found none at {path}; check the path"
        ) from exc
    except OSError as exc:
        raise ProfileError(f"the profile {path} cannot be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise ProfileError(
            f"expected the profile {path} in UTF-8, found another encoding; save it anew"
        ) from exc
    except tomllib.TOMLDecodeError as exc:
        raise ProfileError(f"the profile {path} is not TOML: {exc}") from exc
    try:
        return _recipe(values, path, bases)
    except PeKitError as exc:
        raise ProfileError(f"{path}: {exc}") from exc


def _recipe(values: dict[str, Any], path: Path, bases: Mapping[str, Recipe]) -> Recipe:
    _check_keys(values, (*_VALUES, *_TABLES), "the profile")
    for table in _TABLES:
        if not isinstance(values.get(table, {}), dict):
            raise ProfileError(f"expected a table [{table}], found {values[table]!r}")
    name = values.get("base", "grounded-sam")
    if not isinstance(name, str) or name not in bases:
        raise ProfileError(f"expected base to be one of {list(bases)}, found {name!r}")
    base = bases[name]
    changed: dict[str, Any] = {"name": values.get("name", path.stem)}
    changed |= {key: values[key] for key in ("prompt", "augment") if key in values}
    if "calibration" in values:
        file = values["calibration"]
        changed["calibration"] = path.parent / file if isinstance(file, str) else file
    base = replace(base, **changed)
    changed = {role: _model(role, getattr(base, role), values, path) for role in _MODELS}
    for name in ("extraction", "matching"):
        changed[name] = _changed(getattr(base, name), values.get(name, {}), name)
    base = replace(base, **changed)
    if "proposals" not in values:
        return base
    usual = base.proposal_settings
    return replace(base, proposals=_changed(usual, values["proposals"], "proposals"))


def _model(
    role: str, base: ModelSpec | None, values: dict[str, Any], path: Path
) -> ModelSpec | None:
    table = values.get(role, {})
    _check_keys(table, [field.name for field in fields(ModelSpec)], f"[{role}]")
    if base is None and not table:
        return None
    shared = {key: values[key] for key in ("device", "dtype") if key in values}
    if base is None or "id" in table:  # another model: the base's revision is not its
        folder = _beside(str(table.get("id", "")), path)
        return ModelSpec(**{**shared, **table, "id": folder})
    return replace(base, **{**shared, **table})


def _beside(name: str, path: Path) -> str:
    """Return the folder or .pth file of that name beside the file when there is one."""
    found = path.parent / Path(name).expanduser()
    there = found.is_file() if name.endswith(".pth") else found.is_dir()
    return str(found.resolve()) if name and there else name


def _changed(base: _Settings, table: dict[str, Any], where: str) -> _Settings:
    _check_keys(table, [field.name for field in fields(base)], f"[{where}]")
    for key, value in table.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ProfileError(f"expected {key} in [{where}] to be a number, found {value!r}")
    return replace(base, **table)


def _check_keys(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    expected = list(known)
    for key in table:
        if key not in expected:
            near = difflib.get_close_matches(key, expected, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ProfileError(f"expected {', '.join(expected)} in {where}, found {key!r}{hint}")
