"""PeKit: introduce personal objects, find them in photos, prompt any LVLM about them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.answering.adapting import as_answer_model
from pekit_agents.answering.answer import Answer
from pekit_agents.answering.second_opinion import second_opinion
from pekit_agents.errors import InvalidInput
from pekit_agents.images.loading import ImageSource, load_image
from pekit_agents.introduction.crops import with_crops
from pekit_agents.introduction.quality import advise
from pekit_agents.introduction.reembedding import reembed_memory
from pekit_agents.introduction.view_extraction import Reference, ReferencePhotos
from pekit_agents.introduction.views import MAX_VIEWS, Progress, extract_view, extract_views
from pekit_agents.kit.arguments import a_finding, a_path, a_text
from pekit_agents.kit.corrections import Corrections
from pekit_agents.kit.objects import Objects
from pekit_agents.kit.regions import RegionSearch
from pekit_agents.kit.review import ReviewQueue
from pekit_agents.memory import Memory, require_free
from pekit_agents.owner_text import clean_category, clean_context, clean_name
from pekit_agents.profiles import Profile, load_profile
from pekit_agents.prompting.from_memory import context_prompt
from pekit_agents.prompting.instruction import build_prompt
from pekit_agents.protocols import AnswerModel, SearchMode
from pekit_agents.retrieval.finding import Finding
from pekit_agents.retrieval.regions import PhotoRegions, require_mode
from pekit_agents.retrieval.search import Search, find_in
from pekit_agents.types import PersonalObject, Prompt, View

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.types import FloatArray, RGBImage

__all__ = ["PeKit"]


class PeKit(RegionSearch, Corrections, Objects):
    """A user's visual memory of their own things, and the pipeline of the paper around it.

    Opening is cheap: models are loaded once per process and shared by all users' kits. A kit
    may be used from several threads, and several processes may share one directory.

    Example:
        >>> kit = PeKit.open("memory", user_id="ann")           # doctest: +SKIP
        >>> kit.remember("Biscuit", "biscuit.jpg", category="dog", context="Eats shoes.")
        >>> finding = kit.find("park.jpg")
        >>> finding.annotated.save("found.png")
        >>> prompt = kit.prompt(finding, "What is Biscuit doing?")
    """

    def __init__(self, memory: Memory, profile: Profile, *, keep_crops: bool = False) -> None:
        self._memory = memory
        self._profile = profile
        self._keep_crops = keep_crops

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        profile: str | Profile = "embedded",
        user_id: str = "default",
        *,
        keep_crops: bool = False,
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

        Raises:
            InvalidInput: The user id is empty or too long, or the path is none.
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
        return cls(memory, chosen, keep_crops=keep_crops)

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
    ) -> PeKit:
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
            storage_options: For an ``s3://`` URI, as for :meth:`open`.

        Raises:
            InvalidInput: Objects have views without a crop, or corrections that may not be
                dropped; the message names them.
            ProfileError: The profile is unknown or cannot be run here.
            MemoryStoreError: The directory cannot be used.
        """
        chosen = load_profile(profile)
        memory = reembed_memory(
            a_path(path),
            user_id,
            chosen,
            drop_corrections=drop_corrections,
            progress=progress,
            storage_options=storage_options,
        )
        return cls(memory, chosen, keep_crops=True)

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
        images: ReferencePhotos,
        *,
        category: str,
        context: str = "",
        object_id: str | None = None,
        progress: Progress | None = None,
    ) -> PersonalObject:
        """Introduce an object: extract a view from each photo and store them (paper 3.2).

        Either every photo gives a view or nothing is stored.

        Args:
            name: What its owner calls it; unique within the memory, whatever its case.
            images: One photo or a list of them: paths, bytes, PIL images, arrays, or
                :class:`Reference` to point the object out. Three from different sides are good.
            category: What it is, in words a detector knows ("dog", "coffee mug").
            context: Anything to know about it when answering.
            object_id: An id of one's own. Repeating a call with the same id replaces the
                object instead of failing, so a retried request does no harm.
            progress: Called after each photo.

        Returns:
            The object as stored, with ``advice`` on the photos: those that add nothing, that
            may show something else, that are blurred or too small.

        Raises:
            InvalidInput: A text is empty or too long, or there are no photos or too many.
            ImageError: A photo cannot be read; the message says which.
            NoObjectFound: A photo shows no object; the message says which.
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
        views = extract_views(
            images, obj.category, self._profile, keep_crops=self._keep_crops, progress=progress
        )
        stored = self._memory.insert(
            obj,
            _vectors(views),
            crops=[view.crop for view in views],
            details=[view.details for view in views],
            unique_name=True,
        )
        return self._advised(stored, views, np.zeros((0, self._memory.dim), np.float32))

    def add_views(
        self, ref: str, images: ReferencePhotos, *, progress: Progress | None = None
    ) -> PersonalObject:
        """Add reference photos to a remembered object; all of them or none.

        Args:
            ref: The object's name or id.
            images: As for :meth:`remember`.
            progress: Called after each photo.

        Returns:
            The object with all its views, and with ``advice`` on the new photos.

        Raises:
            ObjectNotFound: No object has that name or id.
            AmbiguousName: Several objects have that name.
            InvalidInput: There are no photos, or the object would hold too many views.
            ImageError: A photo cannot be read.
            NoObjectFound: A photo shows no object.
            WriteConflict: Other writers kept changing the object; try again.
        """
        obj = self._memory.resolve(ref)
        held = self._memory.get(obj.object_id).vectors
        views = extract_views(
            images,
            obj.category,
            self._profile,
            already=obj.n_views,
            keep_crops=self._keep_crops,
            progress=progress,
        )
        stored = self._memory.append_views(
            obj.object_id,
            _vectors(views),
            crops=[view.crop for view in views],
            details=[view.details for view in views],
            at_most=MAX_VIEWS,
        )
        return self._advised(stored, views, held)

    def _advised(
        self, obj: PersonalObject, views: Sequence[View], held: FloatArray
    ) -> PersonalObject:
        return replace(obj, advice=advise(views, held, self._profile.discriminant))

    def extract_view(self, image: ImageSource | Reference, *, category: str) -> View:
        """Return the view that :meth:`remember` would take from a photo, storing nothing.

        Raises:
            ImageError: The photo cannot be read.
            NoObjectFound: It shows no object.
        """
        return extract_view(image, clean_category(category), self._profile)

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
            strictness: ``"recall"``, ``"balanced"`` (the default), ``"precision"`` or a rate: in
                which share of photos of *other things of its kind* something remembered may be
                named. For profiles with a discriminant only.

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
        search = Search.by(self._profile, gallery, threshold=threshold, strictness=strictness)
        photo = load_image(image)
        if not gallery.count:
            return Finding(photo, (), ())
        query = PhotoRegions(photo, self._profile, mode)
        found, matches, possible = find_in(
            query,
            self._profile.encoder,
            search,
            self._memory.stored_features,
            self._profile.reranking,
        )
        proposals = tuple(query.proposals)
        finding = Finding(photo, tuple(matches), proposals, tuple(possible), found.vectors)
        return with_crops(finding) if self._keep_crops else finding

    def second_opinion(
        self, finding: Finding, answerer: AnswerModel | Callable[[RGBImage | None, str], str] | Any
    ) -> Finding:
        """Let an LVLM compare what is possible in a photo with remembered views.

        Nothing calls this unless it is asked to. Needs objects that were remembered with
        ``keep_crops``; of others, and of matches that may be one of several objects, nothing is
        asked. Each of the likeliest 3 possible matches costs one call to the model, which is sent
        a kept crop, the region and the category, but no name and no note. Nothing is learnt.

        Args:
            finding: What :meth:`find` returned.
            answerer: Who is asked; as for :meth:`describe`.

        Returns:
            The finding with the model's word in ``Match.opinion``. What it takes for the object is
            among ``matches`` now, with the probability that it had; what it takes for another
            thing is in ``denied``. Where it is unsure, says something else or fails with
            ``ModelError``, a match stays possible.

        Raises:
            InvalidInput: ``answerer`` cannot answer, or that is no finding.
            ImageError: A kept crop is damaged.
        """
        return second_opinion(a_finding(finding), as_answer_model(answerer), self._memory.get)

    def prompt(self, image: ImageSource | Finding, question: str = "") -> Prompt:
        """Return the picture and the words that let any LVLM answer personally (paper 3.4).

        Without a match it is the plain picture and the bare question (paper 3.6).

        Args:
            image: A photo, or what :meth:`find` returned for it.
            question: What to ask; empty asks for a caption.

        Raises:
            ImageError: The photo cannot be read.
            InvalidInput: The question is no text.
        """
        finding = image if isinstance(image, Finding) else self.find(image)
        return build_prompt(finding.image, finding.everything, a_text("question", question))

    def describe(
        self,
        image: ImageSource | Finding | None,
        question: str = "",
        *,
        answerer: AnswerModel | Callable[[RGBImage | None, str], str] | Any,
    ) -> Answer:
        """Let an LVLM answer a question about a photo, or about remembered objects alone.

        With matches it is given the annotated picture and the instruction, without any the
        plain picture and the bare question (paper 3.6).

        Args:
            image: A photo, what :meth:`find` returned for it, or None to answer from what is
                remembered about the objects that the question names.
            question: What to ask; empty asks for a caption of the photo.
            answerer: Who answers: an answer model of :mod:`pekit_agents.answering`, a LangChain
                chat model, a LlamaIndex LLM, or a function of (picture or None, text).

        Raises:
            ImageError: The photo cannot be read.
            InvalidInput: There is neither photo nor question, or ``answerer`` cannot answer.
            ModelError: The model cannot be run or reached, or gives no text.
        """
        model = as_answer_model(answerer)
        if image is None:
            if not a_text("question", question).strip():
                raise InvalidInput("expected a photo, a question or both, found neither")
            text = context_prompt(self.objects(), question)
            return Answer(model.answer(None, text), text, None)
        finding = image if isinstance(image, Finding) else self.find(image)
        prompt = self.prompt(finding, question)
        return Answer(model.answer(prompt.image, prompt.text), prompt, finding)


def _vectors(views: Sequence[View]) -> FloatArray:
    return np.stack([view.vector for view in views])
