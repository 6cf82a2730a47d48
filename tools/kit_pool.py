"""The kits of many users over one set of loaded models."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING

from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits
from pekit_agents.kit.kit import PeKit
from pekit_agents.profiles import Profile, load_profile
from pekit_agents.tools.image_store import check_limits

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness

__all__ = ["KitPool"]


class KitPool:
    """Gives each user's kit; safe to call from several threads.

    Models are loaded at the first call, once, and not when the pool is made. Kits beyond
    ``max_users`` are let go, the least recently used first; that frees their copy of the memory
    in RAM and changes nothing on disk.

    Args:
        path: The directory that holds the memories of all users, or a URI, as for
            :meth:`PeKit.open`.
        profile: A profile's name, or one's own.
        max_users: How many kits to keep.
        keep_crops: Whether what is remembered keeps a small picture for each photo, as for
            :meth:`PeKit.open`.
        limits: What a picture may weigh, as for :meth:`PeKit.open`. Errors do not say how to raise
            them: who reads these talks with a model and cannot.
        strictness: How sure a match has to be to be named, as for :meth:`PeKit.find`; None for the
            profile's own.
        storage_options: For an ``s3://`` or ``db://`` URI, as for :meth:`PeKit.open`.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        profile: str | Profile = "embedded",
        *,
        max_users: int = 128,
        keep_crops: bool = False,
        limits: ImageLimits = DEFAULT_LIMITS,
        strictness: Strictness | None = None,
        storage_options: Mapping[str, str] | None = None,
    ) -> None:
        check_limits(max_users=max_users)
        self._path, self._profile, self._max_users = path, profile, max_users
        self._keep_crops, self._storage_options = keep_crops, storage_options
        #: What a picture may weigh.
        self.limits = replace(limits, remedies={})
        self._strictness = strictness
        self._kits: OrderedDict[str, PeKit] = OrderedDict()
        self._lock, self._loading = threading.Lock(), threading.Lock()

    def __call__(self, user_id: str) -> PeKit:
        """Return a user's kit, opened when it is not at hand.

        Raises:
            InvalidInput: The user id is empty or too long.
            ProfileError: The profile is unknown or cannot be run here.
            MemoryStoreError: The memory cannot be opened.
        """
        with self._lock:
            kit = self._kits.get(user_id)
        if kit is None:
            kit = PeKit.open(
                self._path,
                profile=self._loaded(),
                user_id=user_id,
                keep_crops=self._keep_crops,
                limits=self.limits,
                strictness=self._strictness,
                storage_options=self._storage_options,
            )
        with self._lock:
            kit = self._kits.setdefault(user_id, kit)
            self._kits.move_to_end(user_id)
            while len(self._kits) > self._max_users:
                self._kits.popitem(last=False)
        return kit

    def _loaded(self) -> Profile:
        with self._loading:
            if isinstance(self._profile, str):
                self._profile = load_profile(self._profile)
            return self._profile
