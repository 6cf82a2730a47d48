"""The composition root: the only module outside ``models`` that names concrete models.

A profile is a set of vision tools and the settings that go with them. Models are loaded when
they are first used, once per process, and shared by every user's memory. There are four ways to
one:

- a name: ``embedded``, ``grounded-sam``, ``grounding-dino`` or ``paper``;
- a TOML file that changes one of these: ``load_profile("my.toml")``, see
  :mod:`pekit_agents.models.recipes`;
- :func:`grounded_sam_profile` with one's own models and settings;
- :class:`Profile` with any objects that have the methods of the protocols.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pekit_agents.calibration import SHIPPED, EncoderCalibration, read_calibration
from pekit_agents.embedding.local_features import PatchDescriber
from pekit_agents.errors import ProfileError
from pekit_agents.models.hf.detection import DetectionSettings
from pekit_agents.models.recipes import Recipe, read_recipe
from pekit_agents.models.spec import ModelSpec
from pekit_agents.protocols import Describer, Encoder, Proposer, ViewExtractor
from pekit_agents.settings import MatchSettings, RerankSettings
from pekit_agents.wording.messages import suggestion

if TYPE_CHECKING:
    from pekit_agents.scoring import Discriminant

__all__ = [
    "PROFILES",
    "RECIPES",
    "Profile",
    "Recipe",
    "build_profile",
    "calibrated_profile",
    "embedded_profile",
    "grounded_sam_profile",
    "load_profile",
    "recipe_of",
    "refitted_profile",
]

_DETECTOR = ModelSpec("IDEA-Research/grounding-dino-base")
_SAM = ModelSpec("facebook/sam-vit-base")
_SAM2 = ModelSpec("facebook/sam2.1-hiera-tiny")  # a tenth of SAM's time on a CPU
_ENCODER = ModelSpec("facebook/dinov2-large")

#: The profiles of torch models, as data.
RECIPES: dict[str, Recipe] = {
    "grounded-sam": Recipe(
        name="grounded-sam",
        detector=_DETECTOR,
        segmenter=_SAM2,
        encoder=_ENCODER,
        extraction=DetectionSettings(close_up=0.05),
    ),
    "grounding-dino": Recipe(
        name="grounding-dino",
        detector=_DETECTOR,
        encoder=_ENCODER,
        extraction=DetectionSettings(close_up=0.05),
    ),
    # Eq. 1-4 as they stand: whole-photo pooling, the best view counts, tau = 0.75.
    "paper": Recipe(
        name="paper",
        detector=_DETECTOR,
        segmenter=_SAM,
        encoder=_ENCODER,
        prompt="categories",
        matching=MatchSettings(threshold=0.75),
        augment=False,
    ),
}

_lock = threading.RLock()


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Vision tools that work together (paper 3.5).

    Any objects with the methods of the protocols will do::

        profile = Profile("mine", extractor=MyExtractor(), proposer=MyProposer(), encoder=...)
        kit = PeKit.open("memory", profile=profile)

    Attributes:
        name: What to call the combination in messages.
        extractor: F_ext, for reference photos.
        proposer: F_prop, for query photos.
        encoder: F_emb, for both.
        matching: The numbers that decide.
        augment: Whether reference vectors are averaged over synthetic views.
        discriminant: Scores regions by log-odds, which give probabilities; None scores by cosine,
            as the paper does.
        describer: Says what regions look like patch by patch, which is then stored with each view;
            of use only with ``reranking``.
        reranking: What the comparison of look-alikes patch by patch weighs; None does without. Of
            use only with a discriminant.
    """

    name: str
    extractor: ViewExtractor
    proposer: Proposer
    encoder: Encoder
    matching: MatchSettings = field(default_factory=MatchSettings)
    augment: bool = True
    discriminant: Discriminant | None = None
    describer: Describer | None = None
    reranking: RerankSettings | None = None

    def __post_init__(self) -> None:
        tools: list[tuple[str, type]] = [
            ("extractor", ViewExtractor),
            ("proposer", Proposer),
            ("encoder", Encoder),
        ]
        if self.describer is not None:
            tools.append(("describer", Describer))
        for part, protocol in tools:
            found = getattr(self, part)
            if not isinstance(found, protocol):
                raise ProfileError(
                    f"expected the {part} of profile {self.name!r} to have the methods of "
                    f"{protocol.__name__}, found {type(found).__name__}"
                )


def load_profile(name: str | Profile) -> Profile:
    """Return a profile by its name or its TOML file; the same one on every call.

    Args:
        name: One of :data:`PROFILES`, or the path of a file whose name ends in ``.toml``. One's
            own profile is returned as it is.

    Raises:
        ProfileError: No profile has that name, or the file does not describe one.
        MissingDependency: Its extra is not installed.
        ModelError: One of its models is not there, is of another kind, or cannot be loaded.
    """
    if isinstance(name, Profile):
        return name
    if not isinstance(name, str):
        raise ProfileError(
            "expected a Profile or the name of one, found "
            f"{getattr(name, '__name__', type(name).__name__)}; make one first"
        )
    if name.endswith(".toml"):
        return build_profile(recipe_of(name))
    if name not in PROFILES:
        known = ", ".join(repr(known) for known in PROFILES)
        raise ProfileError(
            f"expected one of the profiles {known} or the path of a .toml file, found {name!r}."
            f"{suggestion(name, PROFILES)}"
        )
    with _lock:
        return _load(name)


def embedded_profile(*, cache_size: int = 32) -> Profile:
    """Return an embedded profile with a model of its own; ``load_profile`` gives the shared one.

    Args:
        cache_size: How many forward passes it keeps in RAM, about 1 MB each.

    Raises:
        MissingDependency: The package that ships the model is not installed.
        ModelError: The model's file is not there.
    """
    from pekit_agents.models.embedded.encoder import FocusEncoder
    from pekit_agents.models.embedded.extractor import FocusExtractor
    from pekit_agents.models.embedded.model import FocusModel
    from pekit_agents.models.embedded.proposer import FocusProposer
    from pekit_agents.models.embedded.settings import MATCHING, RERANKING

    model = FocusModel(cache_size=cache_size)
    encoder = FocusEncoder(model)
    return Profile(
        name="embedded",
        extractor=FocusExtractor(model),
        proposer=FocusProposer(model),
        encoder=encoder,
        matching=MATCHING,
        discriminant=read_calibration(SHIPPED).discriminant,
        describer=PatchDescriber(encoder),
        reranking=RERANKING,
    )


def refitted_profile(
    photos: Sequence[Path],
    *,
    version: str,
    more: Sequence[Path] = (),
    base: Profile | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Profile:
    """Return the embedded profile with statistics of these photos, and without a discriminant.

    Args:
        photos: Varied photos.
        version: Becomes part of the encoder's id.
        more: Further photos, each of which adds a little.
        base: Of :func:`embedded_profile`, whose model is run; None takes the shared one.
        progress: Called after each photo with (photos done, photos in all).

    Raises:
        ImageError: A photo cannot be read.
        MissingDependency: The package that ships the model is not installed.
        ProfileError: ``base`` is no embedded profile.
    """
    from pekit_agents.models.embedded.encoder import FocusEncoder
    from pekit_agents.models.embedded.statistics import refitted_encoder

    base = base or load_profile("embedded")
    if not isinstance(base.encoder, FocusEncoder):
        raise ProfileError(f"expected an embedded profile as base, found {base.name!r}")
    encoder = refitted_encoder(base.encoder, photos, version=version, more=more, progress=progress)
    return replace(base, encoder=encoder, discriminant=None, describer=PatchDescriber(encoder))


def calibrated_profile(profile: Profile, made: Path | str | EncoderCalibration) -> Profile:
    """Return a profile with a discriminant that was fitted for its encoder.

    Args:
        profile: Its encoder is what it was fitted for; a discriminant that it has is replaced.
        made: What ``pekit calibrate`` wrote for this encoder, or its file.

    Raises:
        ProfileError: It was fitted for another encoder or other views, or the file cannot be read.
    """
    if not isinstance(made, EncoderCalibration):
        made = read_calibration(Path(made).expanduser())
    made.require(profile.encoder, augment=profile.augment)
    return replace(profile, discriminant=made.discriminant)


def recipe_of(path: str) -> Recipe:
    """Return the recipe in a TOML file, see :mod:`pekit_agents.models.recipes`.

    Raises:
        ProfileError: The file cannot be read, or a key or value is none of those expected.
    """
    return read_recipe(Path(path).expanduser(), RECIPES)


def build_profile(recipe: Recipe) -> Profile:
    """Return the profile of a recipe; the same one for an equal recipe.

    Every model is looked up (and downloaded) now; the encoder is loaded now, because the memory
    must know whose vectors it holds; detector and segmenter are loaded for the first photo.

    Raises:
        MissingDependency: torch or transformers is not installed.
        ModelError: One of its models is not there, is of another kind, or cannot be loaded.
    """
    with _lock:
        return _build(recipe)


def grounded_sam_profile(
    *,
    detector: str | ModelSpec = _DETECTOR,
    segmenter: str | ModelSpec | None = _SAM2,
    encoder: str | ModelSpec = _ENCODER,
    device: str = "auto",
    dtype: str = "auto",
    **changes: Any,
) -> Profile:
    """Return the ``grounded-sam`` profile with one's own models and settings.

    Args:
        detector: A Grounding DINO, MM-Grounding-DINO or OWLv2. Each model is a hub id, a folder
            or a :class:`ModelSpec`; detector and segmenter can also be the ``.pth`` files of
            the original Grounding DINO and SAM.
        segmenter: A SAM or SAM 2; None takes the box as mask.
        encoder: A DINOv2, DINOv3 or CLIP.
        device: For the models given as ``str``.
        dtype: For the models given as ``str``.
        **changes: Further fields of :class:`Recipe`: ``prompt``, ``extraction``,
            ``proposals``, ``matching``, ``augment``, ``name``, ``calibration``.

    Raises:
        ProfileError: A setting is none of those expected.
        MissingDependency: torch or transformers is not installed.
        ModelError: One of its models is not there, is of another kind, or cannot be loaded.
    """

    def spec(model: str | ModelSpec) -> ModelSpec:
        return ModelSpec(model, device=device, dtype=dtype) if isinstance(model, str) else model

    try:
        recipe = replace(
            RECIPES["grounded-sam"],
            detector=spec(detector),
            segmenter=None if segmenter is None else spec(segmenter),
            encoder=spec(encoder),
            **changes,
        )
    except TypeError as exc:
        raise ProfileError(f"expected fields of Recipe: {exc}") from exc
    return build_profile(recipe)


@cache
def _load(name: str) -> Profile:
    return PROFILES[name]()


@cache
def _build(recipe: Recipe) -> Profile:
    from pekit_agents.models.hf.detection import BoxExtractor, BoxProposer
    from pekit_agents.models.hf.families import load_detector, load_encoder, load_segmenter
    from pekit_agents.models.hf.grounded_sam import GroundedSam

    detector = load_detector(recipe.detector)
    extractor: ViewExtractor = BoxExtractor(detector, recipe.extraction)
    if recipe.segmenter is not None:
        extractor = GroundedSam(detector, load_segmenter(recipe.segmenter), recipe.extraction)
    profile = Profile(
        name=recipe.name,
        extractor=extractor,
        proposer=BoxProposer(detector, recipe.proposal_settings, recipe.prompt),
        encoder=load_encoder(recipe.encoder),
        matching=recipe.matching,
        augment=recipe.augment,
    )
    if recipe.calibration is None:
        return profile
    return calibrated_profile(profile, recipe.calibration)


#: Every named profile and what builds it.
PROFILES: dict[str, Callable[[], Profile]] = {
    "embedded": embedded_profile,
    **{name: partial(build_profile, recipe) for name, recipe in RECIPES.items()},
}
