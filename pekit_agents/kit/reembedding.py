"""Carrying a whole memory over to the encoder of another profile."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from typing import TYPE_CHECKING

from pekit_agents.introduction.reembedding import reembed_memory
from pekit_agents.profiles import Profile, load_profile

if TYPE_CHECKING:
    from typing import Self

    from pekit_agents.introduction.views import Progress

__all__ = ["Reembedding"]


class Reembedding:
    """The part of :class:`~pekit_agents.kit.kit.PeKit` that changes a memory's encoder."""

    @classmethod
    def reembed(
        cls,
        path: str | PathLike[str],
        profile: str | Profile = "embedded",
        user_id: str = "default",
        *,
        drop_corrections: bool = False,
        progress: Progress | None = None,
        storage_options: Mapping[str, str] | None = None,
    ) -> Self:
        """Carry a memory over to the encoder of another profile, and open it with that.

        Everything is embedded anew from the kept crops before the memory is replaced, in one
        step. Kits that have it open with the old encoder raise ``EncoderMismatch`` from then on.
        A memory that has this encoder already is left as it is.

        Args:
            path: The directory that holds the memories of all users, or an ``s3://`` URI.
            profile: The profile that the memory is to be used with.
            user_id: Whose memory.
            drop_corrections: Whether what was rejected is dropped: it has no crops.
            progress: Called after each view.
            storage_options: For an ``s3://`` URI, as for :meth:`PeKit.open`.

        Raises:
            InvalidInput: Objects have views without a crop, or corrections that may not be
                dropped; the message names them.
            ProfileError: The profile is unknown or cannot be run here.
            MemoryStoreError: The directory cannot be used.
        """
        chosen = load_profile(profile) if isinstance(profile, str) else profile
        memory = reembed_memory(
            fspath(path),
            user_id,
            chosen,
            drop_corrections=drop_corrections,
            progress=progress,
            storage_options=storage_options,
        )
        return cls(memory, chosen, keep_crops=True)  # type: ignore[call-arg]  # a PeKit's
