"""What an agent can do with a personal memory: nine verbs, written once, free of any framework.

Tools are derived from these methods, see :mod:`pekit_agents.tools.specs`: what stands in a
docstring before its sections, and in its ``Args``, is what the model reads. Keyword-only
arguments are the host's, never the model's. Every verb takes the user first and can reach nothing
of anybody else. Pictures and clips go by handle, see :mod:`pekit_agents.tools.image_store` and
:mod:`pekit_agents.tools.clip_store`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

from pekit_agents.answering import as_answer_model
from pekit_agents.errors import InvalidInput
from pekit_agents.images.limits import DEFAULT_LIMITS, ImageLimits
from pekit_agents.protocols import AnswerModel
from pekit_agents.tools import replies
from pekit_agents.tools.action_result import ActionError, ActionResult, fixable
from pekit_agents.tools.annotated_store import AnnotatedPictures
from pekit_agents.tools.answers import PersonalAnswers
from pekit_agents.tools.chosen_pictures import (
    LATEST,
    NONE,
    some_references,
)
from pekit_agents.tools.clip_actions import ClipActions
from pekit_agents.tools.clip_findings import CLIP_SECONDS, ClipFindings
from pekit_agents.tools.clip_store import ClipFolder, ClipStore
from pekit_agents.tools.findings import Findings
from pekit_agents.tools.image_store import ImageStore, MemoryImageStore
from pekit_agents.tools.kit_pool import KitPool
from pekit_agents.tools.known_objects import KnownObjects
from pekit_agents.tools.reference_photos import OfferedPhotos
from pekit_agents.tools.sightings import names, placed, require_named, view_id

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.kit.kit import PeKit
    from pekit_agents.profiles import Profile
    from pekit_agents.protocols import SearchMode
    from pekit_agents.types import Advice

__all__ = ["LATEST", "NONE", "ActionError", "ActionResult", "AnswerModel", "PersonalActions"]


class PersonalActions(KnownObjects, ClipActions, PersonalAnswers):
    """The verbs over the memories of all users; safe to call from several threads.

    Args:
        open_kit: Gives a user's kit, such as a :class:`~pekit_agents.tools.kit_pool.KitPool`.
        images: Where pictures are kept.
        answerer: Answers the questions of :meth:`describe_personal`: an
            :class:`~pekit_agents.protocols.AnswerModel` or what
            :func:`~pekit_agents.answering.as_answer_model` takes, such as a chat model. Without
            one the agent's own model is given the picture and the words to do it.
        second_opinion: Whether ``answerer`` is also asked about what is only possible, in every
            search but those of corrections: see :meth:`PeKit.second_opinion`, which needs kits
            that keep crops.
        mode: How hard to look, as in :meth:`PeKit.find`, for the verbs' answers and for what the
            agent's model is shown.
        clips: Where clips are kept; None for a temporary :class:`ClipFolder`.
        clip_seconds: How much of a clip one call searches; the answer says how to go on.

    Raises:
        InvalidInput: A second opinion is wanted and there is no answerer.
    """

    def __init__(
        self,
        open_kit: Callable[[str], PeKit],
        images: ImageStore,
        answerer: Any = None,
        *,
        second_opinion: bool = False,
        mode: SearchMode = "auto",
        clips: ClipStore | None = None,
        clip_seconds: int = CLIP_SECONDS,
    ) -> None:
        if second_opinion and answerer is None:
            raise InvalidInput(
                "second_opinion: expected an answerer to ask, found none; pass answerer=, such as "
                "a chat model that takes pictures"
            )
        self.open_kit, self.images = open_kit, images
        self.clips: ClipStore = ClipFolder() if clips is None else clips
        #: What a picture may weigh, by what gives the kits.
        self.limits: ImageLimits = getattr(open_kit, "limits", DEFAULT_LIMITS)
        self.answerer = None if answerer is None else as_answer_model(answerer)
        #: Who is asked about what is only possible; None where nobody is.
        self.opinion_model = self.answerer if second_opinion else None
        #: The pictures with names written on them.
        self.annotated = AnnotatedPictures(open_kit, images)
        #: What was found in the users' clips.
        self.clip_findings = ClipFindings(
            self.annotated.kit, self.clips, mode=mode, seconds=clip_seconds
        )
        #: What was found in the users' pictures, under the verbs and under what a model is shown.
        self.findings = Findings(
            self.annotated.kit,
            images,
            self.limits,
            mode=mode,
            opinion_model=self.opinion_model,
            clips=self.clip_findings,
        )

    @classmethod
    def open(
        cls,
        path: str | PathLike[str],
        profile: str | Profile = "embedded",
        images: ImageStore | None = None,
        answerer: Any = None,
        *,
        second_opinion: bool = False,
        mode: SearchMode = "auto",
        keep_crops: bool = False,
        limits: ImageLimits = DEFAULT_LIMITS,
        strictness: Strictness | None = None,
        storage_options: Mapping[str, str] | None = None,
        clips: ClipStore | None = None,
        clip_seconds: int = CLIP_SECONDS,
    ) -> PersonalActions:
        """Open the memories in a directory; models are loaded when they are first needed.

        ``path`` is the directory that holds the memories of all users, or a URI, as for
        :meth:`PeKit.open`; the options are those of :class:`OpenOptions`.

        Raises:
            InvalidInput: A second opinion is wanted without an answerer or kept crops.
        """
        if second_opinion and not keep_crops:
            raise InvalidInput(
                "second_opinion: expected keep_crops=True, since the model is shown kept crops, "
                "found keep_crops=False; pass both, and remember objects anew that have no crops"
            )
        kits = KitPool(
            path,
            profile,
            keep_crops=keep_crops,
            limits=limits,
            strictness=strictness,
            storage_options=storage_options,
        )
        return cls(
            kits,
            images or MemoryImageStore(),
            answerer,
            second_opinion=second_opinion,
            mode=mode,
            clips=clips,
            clip_seconds=clip_seconds,
        )

    def remember_object(
        self,
        user_id: str,
        name: str,
        category: str,
        context: str = "",
        images: Sequence[str] = (LATEST,),
        *,
        recent: Iterable[str] = (),
        object_id: str | None = None,
    ) -> ActionResult:
        """Remember a personal object of the user from one or more photos of it.

        Use this when the user introduces something or someone of their own, such as "this is
        Biscuit, my corgi". From then on it is recognised in other photos. For another photo of
        what is remembered already, use add_photos.

        Args:
            user_id: Whose memory.
            name: What the user calls it, such as "Biscuit".
            category: What it is in general words, such as "dog" or "coffee mug".
            context: Anything the user said about it that may help to answer questions later.
            images: The photos that show it: handles such as "img_..." from the labels in the
                conversation, or "latest" for the newest photo; and clips in which it is turned,
                "clip_...".
            recent: Handles of the conversation, the newest first.
            object_id: Repeating a call with the same id changes nothing.

        Raises:
            ActionError: No photo can be used, the name is taken or too long.
        """
        kit = self.annotated.kit(user_id)
        left_out: list[str] = []
        with fixable():
            obj = next((each for each in kit.objects() if each.object_id == object_id), None)
            if obj is None:
                introduce = partial(kit.remember, name, category=category, context=context)
                photos = self._offered(user_id, some_references(images, recent))
                obj = photos.store(
                    kit,
                    category,
                    lambda used: introduce(images=[*used.values()], object_id=object_id),
                )
                left_out = photos.told()
        # A repeated call finds the object as it is stored, and its record is the same.
        stored = replace(obj, advice=())
        text = "\n".join([replies.remembered(obj), *left_out])
        return ActionResult(text, {"object": stored.to_dict()})

    def add_photos(
        self,
        user_id: str,
        name: str,
        images: Sequence[str] = (LATEST,),
        sighting: int = 0,
        *,
        recent: Iterable[str] = (),
    ) -> ActionResult:
        """Remember something that is remembered already from more photos of it.

        Use this when the user gives another photo of it, such as "here is Biscuit from the side".
        All that is known of it stays.

        Args:
            user_id: Whose memory.
            name: The remembered object that the photos show: its name, or its id.
            images: The photos: handles such as "img_..." from the labels in the conversation, or
                "latest" for the newest photo; and clips in which it is turned, "clip_...".
            sighting: Where it is in the photo, if that is a single one: the number of the sighting,
                as find_personal_objects says it; 0 to take where it is recognised, or else what
                stands out.
            recent: Handles of the conversation, the newest first.

        Raises:
            ActionError: The name is unknown, no photo can be used, there are too many, or there is
                no such sighting.
        """
        kit = self.open_kit(user_id)
        with fixable():
            before = kit.get(name)
            handles = some_references(images, recent)
            photos = self._offered(user_id, handles)
            # Of the same photos are the same ids, so that a repeated call adds nothing.
            ids = {handle: view_id(before.object_id, handle, sighting) for handle in handles}
            find = partial(self.findings.find, user_id, second_opinion=False)
            photos.by_handle = placed(kit, before, photos.by_handle, ids, sighting, find)
            obj = photos.store(
                kit,
                before.category,
                lambda used: kit.add_views(
                    before.object_id, [*used.values()], view_ids=[ids[each] for each in used]
                ),
            )
        count = max(0, obj.n_views - before.n_views)
        stored = replace(obj, advice=())
        record = {"object": stored.to_dict(), "added": count, "photos": [*photos.by_handle]}
        return ActionResult("\n".join([replies.added(obj, count), *photos.told()]), record)

    def _offered(self, user_id: str, handles: Sequence[str]) -> OfferedPhotos:
        seconds = self.clip_findings.seconds
        return OfferedPhotos(self.images, self.clips, user_id, handles, seconds=seconds)

    def find_personal_objects(
        self, user_id: str, image: str = LATEST, *, recent: Iterable[str] = ()
    ) -> ActionResult:
        """Find out which personal objects of the user are in a photo, and where.

        Use this before speaking about a photo that may show what the user has introduced, and
        for questions such as "where is my mug?". Of what only may be one of them, ask the user.

        Args:
            user_id: Whose memory.
            image: The photo: its handle such as "img_..." from the label in the conversation,
                or "latest" for the newest photo.
            recent: Handles of the conversation, the newest first.

        Raises:
            ActionError: The photo is unknown or cannot be read.
        """
        kit = self.annotated.kit(user_id)
        handle, finding, annotated = self._search_annotated(user_id, image, recent)
        record = {"image": handle, "annotated_image": annotated, **finding.to_dict()}
        if annotated is None:
            return ActionResult(replies.nothing_found(handle, kit.objects()), record, (handle,))
        return ActionResult(replies.found(finding, handle, annotated), record, (annotated,))

    def correct_personal(
        self,
        user_id: str,
        name: str,
        verdict: Literal["is", "is_not"],
        image: str = LATEST,
        sighting: int = 0,
        *,
        recent: Iterable[str] = (),
    ) -> ActionResult:
        """Learn from what the user says about who or what is in a photo.

        Use this when the user corrects or confirms a recognition, or answers whether something
        is theirs: "no, that is not Biscuit", "yes, that is her", "it is Bella, not Biscuit".
        From then on photos like it are recognised accordingly.

        Args:
            user_id: Whose memory.
            name: The remembered object that the user speaks of: its name, or its id.
            verdict: "is_not" when the photo does not show it, "is" when it does.
            image: The photo: its handle such as "img_..." from the label in the conversation,
                or "latest" for the newest photo.
            sighting: The number of the sighting in that photo, as find_personal_objects says it;
                0 when only one can be meant.
            recent: Handles of the conversation, the newest first.

        Raises:
            ActionError: The name or photo is unknown, or several sightings may be meant.
        """
        kit = self.annotated.kit(user_id)
        with fixable():
            object_id = kit.get(name).object_id
            handle, finding = self._find(user_id, image, recent)
            before = kit.version()
            if verdict == "is_not" and sighting:
                require_named(finding, object_id, sighting)
            advice: tuple[Advice, ...] = ()
            if verdict == "is":
                advice = kit.advice_on(kit.confirm_in(finding, object_id, region=sighting))
            else:
                kit.reject_in(finding, object_id, region=sighting)
            learnt, obj = kit.version() != before, kit.get(object_id)
            after = self._find(user_id, handle)[1] if verdict == "is_not" else None
        still = after is not None and names(after, object_id, sighting)
        text = replies.corrected(obj, verdict, handle, learnt=learnt, still=still, advice=advice)
        record = {"image": handle, "verdict": verdict, "learnt": learnt, "object": obj.to_dict()}
        return ActionResult(text, record)
