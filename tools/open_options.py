"""The options that every `open` of tools and retrievers hands on, written once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.images.limits import ImageLimits
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import SearchMode
    from pekit_agents.tools.clip_store import ClipStore
    from pekit_agents.tools.image_store import ImageStore

__all__ = ["KitOptions", "OpenOptions"]


class KitOptions(TypedDict, total=False):
    """How users' memories are opened.

    Attributes:
        keep_crops: Whether what is remembered keeps a small picture for each photo, as for
            :meth:`PeKit.open`; False by default.
        limits: What a picture may weigh, as for :meth:`PeKit.open`.
        strictness: How sure a match has to be to be named, as for :meth:`PeKit.find`; the
            profile's own by default.
        storage_options: For an ``s3://`` or ``db://`` URI, as for :meth:`PeKit.open`.
    """

    keep_crops: bool
    limits: ImageLimits
    strictness: Strictness | None
    storage_options: Mapping[str, str] | None


class OpenOptions(KitOptions, total=False):
    """What :meth:`PersonalActions.open` takes, and everything that is opened over it.

    Attributes:
        profile: A profile's name, or one's own; ``"embedded"`` by default.
        images: Where pictures are kept; in RAM by default.
        answerer: Answers questions about pictures; see :class:`PersonalActions`.
        second_opinion: Whether ``answerer`` is also asked about what is only possible, see
            :class:`PersonalActions`; needs ``keep_crops``. False by default.
        mode: How hard to look for objects in a picture, as in :meth:`PeKit.find`; ``"auto"`` by
            default.
        clips: Where clips are kept; temporary files by default.
        clip_seconds: How much of a clip one call searches; 120 by default.
    """

    profile: str | Profile
    images: ImageStore | None
    answerer: Any
    second_opinion: bool
    mode: SearchMode
    clips: ClipStore | None
    clip_seconds: int
