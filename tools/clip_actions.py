"""The verb that looks into clips, and the record of what was found in one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pekit_agents.kit.videos import VideoProgress
from pekit_agents.tools import clip_replies, replies
from pekit_agents.tools.action_result import ActionResult, fixable
from pekit_agents.tools.chosen_pictures import LATEST, one_clip
from pekit_agents.video.contact_sheet import contact_sheet
from pekit_agents.video.key_frames import spread

if TYPE_CHECKING:
    from pekit_agents.tools.annotated_store import AnnotatedPictures
    from pekit_agents.tools.clip_findings import ClipFindings
    from pekit_agents.tools.image_store import ImageStore
    from pekit_agents.video.timeline import Timeline

__all__ = ["ClipActions", "clip_record", "ids_in"]

#: Frames that are kept as pictures, to be corrected.
_MOST_FRAMES = 20


class ClipActions:
    """The part of :class:`~pekit_agents.tools.actions.PersonalActions` that looks into clips."""

    images: ImageStore
    annotated: AnnotatedPictures
    clip_findings: ClipFindings

    def find_in_video(
        self,
        user_id: str,
        clip: str = LATEST,
        start: float = 0.0,
        end: float = 0.0,
        *,
        recent_clips: Iterable[str] = (),
        progress: VideoProgress | None = None,
    ) -> ActionResult:
        """Find out when the personal objects of the user are in a video clip, and where.

        Use this before speaking about a clip that may show what the user has introduced, and for
        questions such as "when does Biscuit come in?". It takes a while. Of what only may be one of
        them, ask the user.

        Args:
            user_id: Whose memory.
            clip: The clip: its handle such as "clip_..." from the label in the conversation, or
                "latest" for the newest clip.
            start: From where on to search, in seconds; to go on in a long clip.
            end: Up to where to search, in seconds; 0 for the end of the clip.
            recent_clips: Handles of the conversation's clips, the newest first.
            progress: Called as the search goes on; what it raises ends it.

        Raises:
            ActionError: The clip is unknown or cannot be read, or a time is none.
        """
        with fixable():
            handle = one_clip(clip, recent_clips)
            until = end if end else None
            timeline, rest = self.clip_findings.find(user_id, handle, start, until, progress)
            record = clip_record(handle, timeline, rest)
            more = [] if rest is None else [clip_replies.goes_on(rest, self.clip_findings.seconds)]
            if not timeline.sightings:
                objects = self.annotated.kit(user_id).objects()
                text = clip_replies.nothing_in_clip(timeline, handle, start, objects)
                return ActionResult("\n".join([text, *more]), record)
            sheet = self.annotated.keep_picture(user_id, contact_sheet(timeline), ids_in(timeline))
        frames = self._frames(user_id, timeline)
        record |= {"contact_sheet": sheet, "frames": {str(at): img for at, img in frames.items()}}
        text = clip_replies.found_in_clip(timeline, handle, start, sheet, frames)
        return ActionResult("\n".join([text, *more]), record, (sheet,))

    def _frames(self, user_id: str, timeline: Timeline) -> dict[int, str]:
        """Keep frames without boxes, and return their handles by the number of the sighting."""
        shown = [each for each in timeline.sightings if each.key_frame.picture]
        return {
            each.number: self.images.put(user_id, each.key_frame.picture)
            for each in spread(shown, _MOST_FRAMES)
        }


def clip_record(handle: str, timeline: Timeline, rest: float | None) -> dict[str, Any]:
    """Return a timeline as JSON-ready values; where each thing is at its best moment alone."""
    told = timeline.to_dict()
    sightings = [
        {name: value for name, value in each.items() if name != "boxes"}
        for each in told.pop("sightings")[: 2 * replies.MOST]
    ]
    del told["format"]
    return {"clip": handle, "contact_sheet": None, "rest": rest, **told, "sightings": sightings}


def ids_in(timeline: Timeline) -> set[str]:
    """Return the ids of all that a timeline names."""
    return {obj.object_id for each in timeline.sightings for obj in each.candidates}
