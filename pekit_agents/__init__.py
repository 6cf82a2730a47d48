"""PeKit Agents: a visual memory of your own things for any vision-language agent.

Introduce an object with a few photos, find it in new ones, and prompt any LVLM about it by its
name; nothing is trained. Start with :class:`PeKit`.

Importing the package loads nothing heavy: each public name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pekit_agents.answering.answer import Answer
    from pekit_agents.errors import (
        AmbiguousName,
        EncoderMismatch,
        ImageError,
        InvalidInput,
        MemoryStoreError,
        MissingDependency,
        ModelError,
        NoObjectFound,
        ObjectChanged,
        ObjectExists,
        ObjectNotFound,
        PeKitError,
        ProfileError,
        SchemaMismatch,
        WriteConflict,
    )
    from pekit_agents.images.loading import load_image
    from pekit_agents.introduction.references import Reference
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.profiles import Profile, load_profile
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.settings import MatchSettings
    from pekit_agents.types import (
        Advice,
        Box,
        Crop,
        Mask,
        Match,
        PersonalObject,
        Prompt,
        Proposal,
        StoredView,
        View,
    )

# Installed, `tools/` and `retrievers/` lie in this folder; in a clone they lie beside it, and
# Python that is run there takes this folder, whatever else is installed.
if not (Path(__file__).parent / "tools").is_dir():
    __path__.append(str(Path(__file__).parents[1]))

_HOMES = {
    "answering.answer": ("Answer",),
    "errors": (
        "AmbiguousName",
        "EncoderMismatch",
        "ImageError",
        "InvalidInput",
        "MemoryStoreError",
        "MissingDependency",
        "ModelError",
        "NoObjectFound",
        "ObjectChanged",
        "ObjectExists",
        "ObjectNotFound",
        "PeKitError",
        "ProfileError",
        "SchemaMismatch",
        "WriteConflict",
    ),
    "retrieval.finding": ("Finding",),
    "images.loading": ("load_image",),
    "kit.kit": ("PeKit",),
    "profiles": ("Profile", "load_profile"),
    "settings": ("MatchSettings",),
    "types": (
        "Advice",
        "Box",
        "Crop",
        "Mask",
        "Match",
        "PersonalObject",
        "Prompt",
        "Proposal",
        "StoredView",
        "View",
    ),
    "introduction.references": ("Reference",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Advice",
    "AmbiguousName",
    "Answer",
    "Box",
    "Crop",
    "EncoderMismatch",
    "Finding",
    "ImageError",
    "InvalidInput",
    "Mask",
    "Match",
    "MatchSettings",
    "MemoryStoreError",
    "MissingDependency",
    "ModelError",
    "NoObjectFound",
    "ObjectChanged",
    "ObjectExists",
    "ObjectNotFound",
    "PeKit",
    "PeKitError",
    "PersonalObject",
    "Profile",
    "ProfileError",
    "Prompt",
    "Proposal",
    "Reference",
    "SchemaMismatch",
    "StoredView",
    "View",
    "WriteConflict",
    "load_image",
    "load_profile",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
