"""The composition root: the only module that names concrete models.

A profile is a set of vision tools and the settings measured for them. Models are loaded when a
profile is, once per process, and shared by every user's memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from threading import Lock

from pekit_agents.errors import ProfileError
from pekit_agents.matching import MatchSettings
from pekit_agents.protocols import Encoder, Proposer, ViewExtractor

__all__ = ["PROFILES", "Profile", "load_profile"]


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Vision tools that work together (paper 3.5).

    Attributes:
        name: What to call the combination in messages.
        extractor: F_ext, for reference photos.
        proposer: F_prop, for query photos.
        encoder: F_emb, for both.
        matching: Threshold and suppression measured for this encoder.
        augment: Whether reference vectors are averaged over synthetic views.
    """

    name: str
    extractor: ViewExtractor
    proposer: Proposer
    encoder: Encoder
    matching: MatchSettings = field(default_factory=MatchSettings)
    augment: bool = True

    def __post_init__(self) -> None:
        for part, protocol in (
            ("extractor", ViewExtractor),
            ("proposer", Proposer),
            ("encoder", Encoder),
        ):
            found = getattr(self, part)
            if not isinstance(found, protocol):
                raise ProfileError(
                    f"expected the {part} of profile {self.name!r} to have the methods of "
                    f"{protocol.__name__}, found {type(found).__name__}"
                )


def load_profile(name: str) -> Profile:
    """Return a named profile with its models loaded; the same one on every call.

    Raises:
        ProfileError: No profile has that name.
        MissingDependency: Its extra is not installed.
        ModelError: One of its models cannot be loaded.
    """
    if name not in PROFILES:
        known = ", ".join(repr(known) for known in PROFILES)
        raise ProfileError(f"expected one of the profiles {known}, found {name!r}")
    with _loading:  # two threads that open at once must not load two models
        return _load(name)


_loading = Lock()


@cache
def _load(name: str) -> Profile:
    return PROFILES[name]()


def _embedded() -> Profile:
    from pekit_agents.models.focus import FocusModel
    from pekit_agents.models.focus_tools import FocusEncoder, FocusExtractor, FocusProposer

    model = FocusModel()
    return Profile(
        name="embedded",
        extractor=FocusExtractor(model),
        proposer=FocusProposer(model),
        encoder=FocusEncoder(model),
        matching=MatchSettings(threshold=0.28, region_margin=0.0133, max_weight=0.5),
    )


#: Every named profile and what builds it.
PROFILES: dict[str, Callable[[], Profile]] = {"embedded": _embedded}
