"""From folders of photos of things to the calibration of a profile's encoder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from pekit_agents.calibration import EncoderCalibration
from pekit_agents.calibration.fitting import DIMENSIONS
from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.calibrating.crossing import cross_validate, fit_all
from pekit_agents.evaluation.calibrating.report import report_of
from pekit_agents.evaluation.calibrating.seeing import looks_at, see, vectors_of_regions
from pekit_agents.evaluation.features.features import Features
from pekit_agents.evaluation.records import NO_CATEGORY
from pekit_agents.evaluation.runs.running import silent

if TYPE_CHECKING:
    from pekit_agents.evaluation.calibrating.crossing import Crossed
    from pekit_agents.evaluation.calibrating.report import Report
    from pekit_agents.evaluation.calibrating.seeing import Seen
    from pekit_agents.evaluation.records import Dataset
    from pekit_agents.evaluation.runs.running import Progress
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import Encoder
    from pekit_agents.types import FloatArray

__all__ = ["LEAST_THINGS", "Material", "calibrate", "fit", "gather"]

#: Things with two photos or more, in each of which something stands out.
LEAST_THINGS = 6


class Material:
    """What is seen of the things of some data sets, and of other photos.

    Args:
        seen: What is seen of things.
        things: The data set's folder and the name of each thing, by its number.
        kinds: The kind of each thing, as a number.
        names: Of the kinds.
        background: (M, D) float32: the main regions of other photos, as pooled.
    """

    def __init__(
        self,
        seen: Sequence[Seen],
        things: dict[int, tuple[Path, str]],
        kinds: dict[int, int],
        names: dict[int, str],
        background: FloatArray,
    ) -> None:
        self.seen, self.things, self.kinds, self.names = seen, things, kinds, names
        self.background = background

    def without(self, dataset: Dataset, things: set[str]) -> Material:
        """Return the same without some things of a data set."""
        kept = {
            number: key
            for number, key in self.things.items()
            if key[0] != dataset.root or key[1] not in things
        }
        return Material(
            [each for each in self.seen if each.thing in kept],
            kept,
            {number: self.kinds[number] for number in kept},
            self.names,
            self.background,
        )

    def normalized_background(self, encoder: Encoder) -> FloatArray:
        """Return the other photos' regions as unit vectors, (M, D) float32."""
        return encoder.normalize(self.background) if len(self.background) else self.background


def calibrate(
    profile: Profile,
    datasets: Sequence[Dataset],
    *,
    background: Sequence[Path] = (),
    cache: Path | None = None,
    tools: str = "",
    dimensions: int = DIMENSIONS,
    progress: Progress = silent,
) -> tuple[EncoderCalibration, Report]:
    """Fit a discriminant for a profile's encoder, and measure it by cross-validation.

    Args:
        profile: Its vision tools; a discriminant that it has is not used.
        datasets: Things and their photos. Things of one category in one data set are of one kind;
            those without a category are fitted on, and judged only where no thing has one.
        background: Photos of anything else.
        cache: The folder to keep features in; None keeps none.
        tools: With a cache: names the tools with all their settings.
        dimensions: d, at most.
        progress: Called after each step.

    Raises:
        InvalidInput: There are too few things, or the cache cannot be written.
        ImageError: A photo cannot be read; the message names it.
    """
    with tempfile.TemporaryDirectory() if cache is None else nullcontext(cache) as folder:
        features = Features(profile, Path(folder), tools=tools)
        material = gather(datasets, features, background, progress=progress)
    made, crossed = fit(material, profile, dimensions=dimensions, progress=progress)
    report = report_of(
        crossed,
        material.names,
        profile.matching,
        photos=len(material.seen),
        things=len(material.kinds),
        background=len(background),
    )
    return made, report


def fit(
    material: Material,
    profile: Profile,
    *,
    dimensions: int = DIMENSIONS,
    progress: Progress = silent,
) -> tuple[EncoderCalibration, Crossed]:
    """Fit a discriminant to what was seen, and return what cross-validation found as well.

    Args:
        material: What is seen of things.
        profile: Its encoder normalises; its settings say how probable a named object is.
        dimensions: d, at most.
        progress: Called after each step.

    Raises:
        InvalidInput: There are too few things.
    """
    encoder = profile.encoder
    background = material.normalized_background(encoder)
    crossed = cross_validate(
        material.seen,
        material.kinds,
        background,
        encoder,
        named=profile.matching.named,
        dimensions=dimensions,
        progress=lambda *step: progress("cross-validation", *step),
    )
    looks = looks_at(material.seen, encoder)
    discriminant = fit_all(looks, background, crossed, dimensions=dimensions)
    return EncoderCalibration(encoder.id, profile.augment, discriminant), crossed


def gather(
    datasets: Sequence[Dataset],
    features: Features,
    background: Sequence[Path] = (),
    *,
    progress: Callable[[str, int, int], None] = silent,
) -> Material:
    """Return what is seen of the things of some data sets.

    Args:
        datasets: Things and their photos.
        features: Makes the features, or has them.
        background: Photos of anything else.
        progress: Called after each photo.

    Raises:
        InvalidInput: There are too few things.
        ImageError: A photo cannot be read; the message names it.
    """
    photos: dict[str, list[Path]] = {}
    categories: dict[str, str] = {}
    things: dict[int, tuple[Path, str]] = {}
    kinds: dict[int, int] = {}
    numbers: dict[str, int] = {}
    for dataset in datasets:
        for thing in dataset.things:
            own = [photo.path for photo in dataset.photos if photo.shows == {thing.name}]
            own += thing.references
            name = f"{dataset.root}/{thing.name}"
            # Of a thing of which nobody said what it is no other is known to be of its kind.
            unsaid = thing.category == NO_CATEGORY
            kind = f"{dataset.name}: {thing.name if unsaid else thing.category}"
            things[len(photos)] = (dataset.root, thing.name)
            kinds[len(photos)] = numbers.setdefault(kind, len(numbers))
            photos[name], categories[name] = own, thing.category
    if len(numbers) == len(things):  # nobody said anything: any other thing is one of its kind
        kinds, numbers = dict.fromkeys(things, 0), {"things": 0}
    several = sum(len(own) > 1 for own in photos.values())
    if several < LEAST_THINGS:
        raise InvalidInput(
            f"expected {LEAST_THINGS} things or more with two photos each, found {several}; put "
            "the photos of each thing into a folder of its own; fifteen things or more, several "
            "alike, give numbers to rely on"
        )
    seen = see(photos, features, categories, lambda *step: progress("photos", *step))
    others = vectors_of_regions(
        background, features, "object", lambda *step: progress("background", *step)
    )
    names = {number: kind for kind, number in numbers.items()}
    return Material(seen, things, kinds, names, others)
