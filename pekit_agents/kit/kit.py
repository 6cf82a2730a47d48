"""PeKit: introduce personal objects, find them in photos, prompt any LVLM about them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from os import PathLike
from typing import TYPE_CHECKING

from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits
from pekit_agents.images.loading import ImageSource, load_photo
from pekit_agents.introduction.crops import with_crops
from pekit_agents.introduction.storing import store_more, store_new
from pekit_agents.introduction.view_extraction import Reference
from pekit_agents.introduction.views import Progress, extract_view
from pekit_agents.kit.answers import Answers
from pekit_agents.kit.arguments import a_path
from pekit_agents.kit.batches import Batches
from pekit_agents.kit.corrections import Corrections
from pekit_agents.kit.objects import Objects
from pekit_agents.kit.reembedding import Reembedding
from pekit_agents.kit.references import References, ReferenceViews
from pekit_agents.kit.review import ReviewQueue
from pekit_agents.kit.videos import Videos
from pekit_agents.memory import Memory, require_free
from pekit_agents.owner_text import clean_category, clean_context, clean_name
from pekit_agents.profiles import Profile, load_profile
from pekit_agents.protocols import SearchMode
from pekit_agents.retrieval.finding import Finding
from pekit_agents.retrieval.regions import PhotoRegions, require_mode
from pekit_agents.retrieval.search import find_in, settings_by
from pekit_agents.types import PersonalObject, View

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness

__all__ = ["PeKit"]


class PeKit(ReferenceViews, Videos, Corrections, Batches, Answers, Objects, Reembedding):
    """A user's visual memory of their own things, and the pipeline of the paper around it.

    Opening is cheap: models are loaded once per process and shared by all users' kits. A kit
    may be used from several threads, and several processes may share one directory.

    Example:
        >>> kit = PeKit.open("memory", user_id="ann")           # doctest: +SKIP
        >>> kit.remember("Biscuit", "biscuit.jpg", category="dog", context="Eats shoes.")
        >>> finding = kit.find("park.jpg")
        >>> finding.annotated.save("found.png")
        >>> prompt = kit.prompt(finding, "What is Biscuit doing?")

    Attributes:
        limits: What a picture may weigh.
    """

    def __init__(
        self,
        memory: Memory,
        profile: Profile,
        *,
        keep_crops: bool = False,
        limits: ImageLimits = DEFAULT_LIMITS,
        strictness: Strictness | None = None,
    ) -> None:
        settings_by(profile, strictness=strictness)  # checks it
        self._memory, self._profile = memory, profile
        self._keep_crops = memory.keep_crops = keep_crops
        self.limits, self._strictness = limits, strictness

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        profile: str | Profile = "embedded",
        user_id: str = "default",
        *,
        keep_crops: bool = False,
        limits: ImageLimits = DEFAULT_LIMITS,
        strictness: Strictness | None = None,
        storage_options: Mapping[str, str] | None = None,
    ) -> PeKit:
        """Open a user's memory, which need not exist yet.

        Args:
            path: The directory that holds the memories of all users, an ``s3://`` URI, or the
                ``db://`` URI of a database of LanceDB Cloud.
            profile: A profile's name, or one's own :class:`Profile`.
            user_id: Whose memory. Each user's is walled off from all others'.
            storage_options: For an ``s3://`` URI, as LanceDB has them; for a ``db://`` URI
                ``api_key``, ``region`` and ``host_override``. What is left out is taken from
                the environment.
            keep_crops: Whether what is remembered from now on keeps a small picture of the
                object for each photo: its box with a margin, at most 512 px a side, without
                metadata, and the object's outline in it. :meth:`reembed` needs them. Otherwise
                vectors, texts and the details of views are all that is stored.
            limits: What a picture may weigh; one that ``load_image`` has let in is not asked again.
            strictness: As for :meth:`find`, for all that is searched with this kit; None for the
                profile's own.

        Raises:
            InvalidInput: The user id is empty or too long, or the strictness is none, or not for
                this profile, or the path is none.
            ProfileError: The profile is unknown or cannot be run here.
            EncoderMismatch: The memory was written with another encoder.
            MemoryStoreError: The directory cannot be used.
        """
        chosen = load_profile(profile)
        encoder = chosen.encoder
        memory = Memory.open(
            a_path(path),
            user_id=user_id,
            encoder_id=encoder.id,
            dim=encoder.dim,
            storage_options=storage_options,
        )
        return cls(memory, chosen, keep_crops=keep_crops, limits=limits, strictness=strictness)

    @property
    def review(self) -> ReviewQueue:
        """Doubtful matches that were kept to be decided on later."""
        return ReviewQueue(self, self._memory, keep_crops=self._keep_crops)

    @property
    def profile(self) -> Profile:
        """The vision tools in use."""
        return self._profile

    def remember(
        self,
        name: str,
        images: References,
        *,
        category: str,
        context: str = "",
        object_id: str | None = None,
        progress: Progress | None = None,
    ) -> PersonalObject:
        """Introduce an object: extract a view from each photo and store them (paper 3.2).

        From a clip in which it is turned, the few sharp views are taken that differ most. Either
        every photo and clip gives a view or nothing is stored.

        Args:
            name: What its owner calls it; unique within the memory, whatever its case and accents.
            images: One photo or clip, or a list of them: paths, bytes, PIL images, arrays, or
                :class:`Reference` to point the object out, and :class:`Clip` for a part of a clip
                or frames of one's own. Three photos from different sides are good, or a clip.
            category: What it is, in words a detector knows ("dog", "coffee mug").
            context: Anything to know about it when answering.
            object_id: An id of one's own. Repeating a call with the same id replaces the
                object instead of failing, so a retried request does no harm.
            progress: Called after each photo, and after each frame of a clip that was looked at:
                how many these are is known, and added, once the clip is read.

        Returns:
            The object as stored, with ``advice`` on the photos: those that add nothing, that
            may show something else, that are blurred or too small.

        Raises:
            InvalidInput: A text is empty or too long, or there are no photos or too many.
            ImageError: A photo or a clip cannot be read; the message says which.
            NoObjectFound: A photo or a clip shows no object; the message says which.
            MissingDependency: There is a clip, and the extra ``video`` is not installed.
            ObjectExists: The name is taken by another object.
            MemoryStoreError: The memory cannot be written.
        """
        obj = PersonalObject(
            object_id=object_id or uuid.uuid4().hex,
            name=clean_name(name),
            category=clean_category(category),
            context=clean_context(context),
            n_views=0,
            created_at=datetime.now(UTC),
        )
        # Before the work, and again when it is written: others may take the name meanwhile.
        require_free(obj.name, self._memory.objects(), unless=obj.object_id)
        found = self._gathered(images, obj.category, already=0, progress=progress)
        stored = store_new(
            self._memory, obj, found.views, self._profile.discriminant, names=found.names
        )
        return replace(stored, advice=found.all_advice(stored.advice))

    def add_views(
        self,
        ref: str,
        images: References,
        *,
        view_ids: Sequence[str] | None = None,
        progress: Progress | None = None,
    ) -> PersonalObject:
        """Add reference photos and clips to a remembered object; all of them or none.

        Args:
            ref: The object's name or id.
            images: As for :meth:`remember`.
            view_ids: Ids of one's own, 12 hexadecimal digits each, one for each photo and clip;
                what is held adds nothing. Of a clip's the ids of its views are made.
            progress: As for :meth:`remember`.

        Returns:
            The object with all its views, and with ``advice`` on the new photos.

        Raises:
            ObjectNotFound: No object has that name or id.
            AmbiguousName: Several objects have that name.
            InvalidInput: There are no photos, or the object would hold too many views.
            ImageError: A photo or a clip cannot be read.
            NoObjectFound: A photo or a clip shows no object.
            MissingDependency: There is a clip, and the extra ``video`` is not installed.
            WriteConflict: Other writers kept changing the object; try again.
        """
        obj = self._memory.resolve(ref)
        held = self._memory.get(obj.object_id).vectors
        found = self._gathered(images, obj.category, already=obj.n_views, progress=progress)
        stored = store_more(
            self._memory,
            obj.object_id,
            found.views,
            self._profile.discriminant,
            held=held,
            view_ids=found.view_ids(view_ids),
            names=found.names,
        )
        return replace(stored, advice=found.all_advice(stored.advice))

    def extract_view(self, image: ImageSource | Reference, *, category: str) -> View:
        """Return the view that :meth:`remember` would take from a photo, storing nothing.

        Raises:
            ImageError: The photo cannot be read.
            NoObjectFound: It shows no object.
        """
        return extract_view(image, clean_category(category), self._profile, limits=self.limits)

    def find(
        self,
        image: ImageSource,
        *,
        mode: SearchMode = "auto",
        threshold: float | None = None,
        strictness: Strictness | None = None,
    ) -> Finding:
        """Find the personal objects in a photo and leave everything else alone (paper 3.3).

        Args:
            image: The photo.
            mode: ``"fast"`` query once, for what stands out in the whole photo; ``"scene"``
                also close up, for small and several objects; ``"auto"`` does so unless the
                first look shows one large thing.
            threshold: tau, in place of the profile's; higher is more silent. In [-1, 1]. For
                profiles without a discriminant only.
            strictness: In place of the kit's: ``"recall"``, ``"balanced"`` (the default),
                ``"precision"`` or a rate: in which share of photos of *other things of its kind*
                something remembered may be named. For profiles with a discriminant only.

        Returns:
            What is named (``matches``) and what may be (``possible``), with boxes and
            probabilities; nothing is a finding without either. A match that may be one of several
            objects names them, the likeliest first.

        Raises:
            ImageError: The photo cannot be read.
            InvalidInput: The mode, threshold or strictness is not one, or not for this profile.
        """
        require_mode(mode)
        gallery = self._memory.gallery()
        search = self._search(gallery, threshold=threshold, strictness=strictness)
        photo = load_photo(image, limits=self.limits)
        if not gallery.count:
            return Finding(photo.image, (), (), size_wh=photo.size_wh)
        query = PhotoRegions(photo.image, self._profile, mode)
        found, matches, possible = find_in(
            query,
            self._profile.encoder,
            search,
            self._memory.stored_features,
            self._profile.reranking,
        )
        proposals = tuple(query.proposals)
        finding = Finding(photo.image, tuple(matches), proposals, tuple(possible), found.vectors)
        return (with_crops(finding) if self._keep_crops else finding).at_size(photo.size_wh)
