"""Where everything is measured: the data, the profile, the cache, and where results go."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property, lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from platformdirs import user_cache_path

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.calibrating.holding_out import HeldOut
from pekit_agents.evaluation.features.features import Features
from pekit_agents.evaluation.features.provenance import processing_version
from pekit_agents.evaluation.recognizers.lineup import StandardLineup
from pekit_agents.evaluation.runs.running import Progress, Study, carry_out, silent
from pekit_agents.profiles import (
    RECIPES,
    Profile,
    embedded_profile,
    load_profile,
    recipe_of,
)
from pekit_agents.protocols import AnswerModel, SearchMode
from pekit_agents.settings import MatchSettings

if TYPE_CHECKING:
    from pekit_agents.evaluation.draws import Task
    from pekit_agents.evaluation.recognizers.lineup import Lineup
    from pekit_agents.evaluation.records import Dataset, Run
    from pekit_agents.scoring import Discriminant

__all__ = ["Bench", "default_cache", "tools_of", "versions_of"]

_FORWARDS = 3000  # kept in RAM, 1 MB each: all that the draws of some dozen things share
_PACKAGES = ("pekit-agents", "numpy", "pillow", "onnxruntime", "torch", "transformers")


def default_cache() -> Path:
    """Return where features are kept unless another folder is given."""
    return user_cache_path("pekit", appauthor=False) / "eval"


@dataclass(frozen=True)
class Bench:
    """What all protocols have in common.

    Attributes:
        dataset: What is measured.
        profile: The name of the profile, or its TOML file.
        mode: How hard to look.
        seeds: One for each random draw.
        with_baselines: Whether the baselines are measured as well.
        only: The names of those baselines that are; empty measures all.
        negatives: Photos without any of the things, for baselines that learn from them.
        held_out: Whether each draw halves the things of each category at random: one half gives
            the embedded encoder's calibration, in place of the one that ships, and the other is
            measured.
        more: With ``held_out``, further things to calibrate on.
        statistics: With ``held_out``, photos of anything else that give statistics as well.
        cache: The folder of the features.
        out: The folder of the run; None keeps it in RAM alone.
        force: Whether another run in that folder may be replaced.
        progress: Called after each photo.
        answerer: Who gives a second opinion of what is only possible, measured beside the kit
            alone; None leaves that out.
        asked: The name of the answerer.
        loaded: A profile of one's own, which ``profile`` then names; its name must change when
            its tools or their settings do. With ``held_out``, an embedded one whose model is run.
    """

    dataset: Dataset
    profile: str = "embedded"
    mode: SearchMode = "auto"
    seeds: Sequence[int] = (0,)
    with_baselines: bool = True
    only: Sequence[str] = ()
    negatives: Sequence[Path] = ()
    held_out: bool = False
    more: Sequence[Dataset] = ()
    statistics: Sequence[Path] = ()
    cache: Path = field(default_factory=default_cache)
    out: Path | None = None
    force: bool = False
    progress: Progress = silent
    answerer: AnswerModel | None = None
    asked: str = ""
    loaded: Profile | None = None

    def __post_init__(self) -> None:
        if not self.seeds:
            raise InvalidInput("expected one draw or more, found none")
        if self.held_out and self.profile != "embedded":
            raise InvalidInput(
                "expected the embedded profile for held-out statistics, "
                f"found {self.profile!r}, whose encoder has none"
            )
        if (self.statistics or self.more) and not self.held_out:
            raise InvalidInput("expected further things and photos with held-out ones only")

    @cached_property
    def features(self) -> Features:
        """The features of photos by the profile.

        Raises:
            ProfileError: The profile is unknown or cannot be run here.
        """
        return self.features_of(self.profile, self.mode, self.base)

    @cached_property
    def base(self) -> Profile | None:
        """The profile of one's own; for held-out statistics one that remembers what it has seen.

        Every draw looks at the same photos, and in part at the same close-ups of them.
        """
        if self.loaded is None and self.held_out:
            return embedded_profile(cache_size=_FORWARDS)
        return self.loaded

    def features_of(
        self, profile: str, mode: SearchMode, loaded: Profile | None = None
    ) -> Features:
        """Return the features of photos by a profile, in this cache."""
        tools = profile if loaded is not None else tools_of(profile)
        return Features(loaded or load_profile(profile), self.cache, tools=tools, mode=mode)

    def measured(self, dataset: Dataset, seed: int) -> Dataset:
        """Return the part of a data set that is measured in the draws of a seed."""
        return self._held_out.measured(dataset, seed) if self.held_out else dataset

    def profile_for(self, seed: int) -> Profile | None:
        """Return the kit's profile for a seed; None where it is the features' own."""
        return self._refitted_for(seed) if self.held_out else None

    def lineup(self) -> StandardLineup:
        """Return the kit, and the baselines if wanted."""
        return StandardLineup(
            self.features,
            profile_for=self.profile_for,
            with_baselines=self.with_baselines,
            only=self.only,
            negatives=self.negatives,
            answerer=self.answerer,
        )

    def run(
        self,
        protocol: str,
        tasks: Sequence[Task],
        settings: Mapping[str, Any],
        *,
        lineup: Lineup | None = None,
        root: Path | None = None,
    ) -> Run:
        """Measure tasks, going on where an interrupted run stopped.

        Args:
            protocol: Its name.
            tasks: What is learned and searched.
            settings: What the protocol was asked for, beside what the bench says.
            lineup: Who is measured, if not the standard lineup.
            root: The folder that photos are named relative to, if not the data set's.

        Raises:
            InvalidInput: The folder holds another run, or cannot be written.
            ImageError: A photo cannot be read; the message names it.
        """
        study = Study(
            protocol=protocol,
            dataset=self.dataset.name,
            root=root or self.dataset.root,
            settings={**self._settings(), **settings},
            versions=versions_of(self.features),
            tasks=tasks,
        )
        return carry_out(
            study, lineup or self.lineup(), out=self.out, force=self.force, progress=self.progress
        )

    def _settings(self) -> dict[str, Any]:
        profile = self.features.profile
        return {
            "profile": self.profile,
            "mode": self.mode,
            "matching": asdict(profile.matching),
            "discriminant": _fingerprint_of(profile.discriminant),
            "reranking": None if profile.reranking is None else asdict(profile.reranking),
            "augment": profile.augment,
            "seeds": list(self.seeds),
            "held_out": self.held_out,
            "more": [each.name for each in self.more],
            "statistics": len(self.statistics),
            "second_opinion": self.asked,
            "baselines": self.with_baselines,
            "only": list(self.only),
            "negatives": len(self.negatives),
            "things": len(self.dataset.things),
            "photos": len(self.dataset.photos),
            "data": _fingerprint(self.dataset, [*self.negatives, *self.statistics]),
        }

    @cached_property
    def _refitted_for(self) -> Callable[[int], Profile]:
        return lru_cache(1)(self._held_out.profile)

    @cached_property
    def _held_out(self) -> HeldOut:
        return HeldOut(
            self.dataset,
            self.more,
            self.statistics,
            self.features,
            self.features.profile,
            self.progress,
        )


def tools_of(profile: str) -> str:
    """Return what tells the tools of two profiles apart: all settings that shape features.

    Raises:
        ProfileError: The file of the profile cannot be read.
    """
    recipe = recipe_of(profile) if profile.endswith(".toml") else RECIPES.get(profile)
    if recipe is None:
        return profile
    return repr(replace(recipe, name="", matching=MatchSettings(), calibration=None))


def versions_of(features: Features) -> dict[str, Any]:
    """Return what figures depend on apart from the settings: packages, models, machine."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        **found,
        "processing": processing_version(),
        "encoder": features.profile.encoder.id,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


def _fingerprint_of(discriminant: Discriminant | None) -> str | None:
    """Return a hash of all numbers of a discriminant."""
    if discriminant is None:
        return None
    numbers = [np.asarray(getattr(discriminant, each.name)) for each in fields(discriminant)]
    return hashlib.sha256(b"".join(each.tobytes() for each in numbers)).hexdigest()[:16]


def _fingerprint(dataset: Dataset, others: Sequence[Path]) -> str:
    """Return a hash of what the data set says is true, and of the sizes of its files."""
    parts = [repr(dataset.things)]
    parts += [repr((p.path, sorted(p.shows), sorted(p.about), p.group)) for p in dataset.photos]
    files = [photo.path for photo in dataset.photos]
    files += [path for thing in dataset.things for path in thing.references]
    parts += [f"{path} {path.stat().st_size}" for path in [*files, *others]]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
