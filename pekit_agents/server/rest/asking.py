"""REST: questions. The words and the picture for any model, or the answer of the server's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.rest.bodies import AboutPhoto, Question
from pekit_agents.server.rest.findings import Description, FoundInPhoto, Prompted
from pekit_agents.server.rest.photos import kept_or_taken_in
from pekit_agents.server.rest.receiving import Received, body_of, received
from pekit_agents.server.searching import search
from pekit_agents.server.service import Service
from pekit_agents.tools.chosen_pictures import NONE

__all__ = ["router"]

router = APIRouter(tags=["questions"])


@router.post("/prompt", openapi_extra=body_of(AboutPhoto))
async def make_prompt(
    got: Annotated[Received[AboutPhoto], Depends(received(AboutPhoto))],
    service: ServiceOf,
    user: UserOf,
) -> Prompted:
    """Return the words and the picture that let any vision-language model answer personally.

    Without a match they are the bare question and the photo as it was sent.
    """

    def prompt() -> Prompted:
        handle = kept_or_taken_in(service, user, got.body.photo)
        return _prompted(service, user, handle, got.body)

    return await service.see(user, prompt)


@router.post("/describe", openapi_extra=body_of(Question))
async def describe(
    got: Annotated[Received[Question], Depends(received(Question))],
    service: ServiceOf,
    user: UserOf,
) -> Description:
    """Answer a question about one's things, in a photo or from what is remembered.

    Where the server has no model, `prompt` and `picture` are what to ask one's own.
    """
    body, photo = got.body, got.body.photo
    if photo is None:
        return await service.look_up(user, _from_memory, service, user, body.question)
    handle = await service.see(user, kept_or_taken_in, service, user, photo)
    if service.actions.answerer is None:
        about = AboutPhoto(photo=photo, question=body.question)
        told = await service.see(user, _prompted, service, user, handle, about)
        return Description(answer=None, prompt=told.text, picture=told.picture, found=told.found)
    # Found before the model is asked, which may take long: others need the threads for photos.
    await service.see(user, search, service, user, handle)
    return await service.look_up(user, _answered, service, user, handle, body.question)


def _prompted(service: Service, user_id: str, handle: str, about: AboutPhoto) -> Prompted:
    finding, annotated = service.actions.annotated.of(
        user_id, lambda: search(service, user_id, handle, about.mode, about.strictness)
    )
    return Prompted(
        text=finding.prompt(about.question).text,
        picture=annotated or handle,
        found=FoundInPhoto.of(finding, handle),
    )


def _answered(service: Service, user_id: str, handle: str, question: str) -> Description:
    told = service.actions.describe_personal(user_id, question, handle)
    record = told.record
    found = {key: record[key] for key in ("size_wh", "matches", "possible", "proposals")}
    return Description(
        answer=record["answer"],
        prompt=None,
        picture=record["annotated_image"],
        found=FoundInPhoto.model_validate({"picture": handle, **found}),
    )


def _from_memory(service: Service, user_id: str, question: str) -> Description:
    told = service.actions.describe_personal(user_id, question, NONE)
    answer = told.record.get("answer")
    return Description(
        answer=answer, prompt=told.text if answer is None else None, picture=None, found=None
    )
