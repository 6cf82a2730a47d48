"""REST: corrections, and the queue of what its owner is to decide on."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from pekit_agents.errors import ObjectNotFound
from pekit_agents.kit.review import ReviewItem
from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.rest.answers import ObjectsNow, StoredObject
from pekit_agents.server.rest.bodies import Correction, Decision, KeepForReview
from pekit_agents.server.rest.findings import (
    Corrected,
    ReviewedMatch,
    ReviewKept,
    ReviewPage,
)
from pekit_agents.server.rest.objects import objects_now
from pekit_agents.server.rest.once import Once
from pekit_agents.server.rest.pages import PAGED, Page
from pekit_agents.server.rest.picture_answers import PICTURE, no_crop, picture_answer
from pekit_agents.server.rest.receiving import digest_of
from pekit_agents.server.searching import search
from pekit_agents.types import Advice, Match

__all__ = ["router"]

router = APIRouter()

_ReviewId = Annotated[str, Path(description="The item's id.", examples=["0c1d2e3f4a5b"])]


@router.post("/corrections", tags=["corrections"])
async def correct(
    correction: Correction, service: ServiceOf, user: UserOf, once: Once
) -> Corrected:
    """Learn that a match is right or wrong: photos like it are recognised accordingly.

    `region` is the number of the match as `find` gives it, for the same `mode`.
    """

    def learn() -> dict[str, Any]:
        finding = search(service, user, correction.picture, correction.mode)
        kit = service.kit(user)
        obj, before, region = kit.get(correction.object), kit.version(), correction.region
        advice: tuple[Advice, ...] = ()
        matches: tuple[Match, ...]
        if correction.verdict == "is":
            matches = (kit.confirm_in(finding, obj.object_id, region=region),)
            advice = kit.advice_on(matches[0])
        else:
            matches = kit.reject_in(finding, obj.object_id, region=region)
        return {
            "object_id": obj.object_id,
            "learnt": kit.version() != before,
            "regions": [match.region for match in matches],
            "advice": [each.to_dict() for each in advice],
        }

    done = await once.see(digest_of(correction), learn)
    obj = await service.look_up(user, lambda: service.kit(user).get(done["object_id"]))
    return Corrected(
        learnt=done["learnt"],
        object=StoredObject.with_advice(obj, done["advice"]),
        regions=done["regions"],
    )


@router.get("/review", tags=["review"], responses=PAGED)
async def list_review(service: ServiceOf, user: UserOf, page: Page) -> ReviewPage:
    """List what waits for a decision, the oldest first."""

    def waiting() -> ReviewPage:
        items = service.kit(user).review.list()
        some, following = page.of(items, lambda item: (item.kept_at.isoformat(), item.review_id))
        told = [ReviewedMatch.of(item) for item in some]
        return ReviewPage(items=told, total=len(items), next=following)

    return await service.look_up(user, waiting)


@router.post("/review", tags=["review"], status_code=201)
async def keep_for_review(
    wanted: KeepForReview, service: ServiceOf, user: UserOf, once: Once
) -> ReviewKept:
    """Keep the doubtful matches of a picture, to be decided on later."""

    def keep() -> dict[str, Any]:
        finding = search(service, user, wanted.picture, wanted.mode, wanted.strictness)
        kept = service.kit(user).review.keep(finding, label=wanted.label or wanted.picture)
        return {"review_ids": [item.review_id for item in kept]}

    def waiting() -> list[ReviewItem]:
        return service.kit(user).review.list()

    ids = (await once.see(digest_of(wanted), keep))["review_ids"]
    found = await service.look_up(user, waiting)
    return ReviewKept(items=[ReviewedMatch.of(item) for item in found if item.review_id in ids])


@router.post("/review/{review_id}/confirm", tags=["review"])
async def confirm_review(
    review_id: _ReviewId, decision: Decision, service: ServiceOf, user: UserOf, once: Once
) -> ObjectsNow:
    """Decide that an item is what it was taken for, or which other thing it is."""

    def confirm() -> dict[str, Any]:
        obj = service.kit(user).review.confirm(review_id, decision.object)
        return {"object_ids": [obj.object_id]}

    return await objects_now(service, user, await once.look_up(digest_of(decision), confirm))


@router.post("/review/{review_id}/reject", tags=["review"])
async def reject_review(
    review_id: _ReviewId, service: ServiceOf, user: UserOf, once: Once
) -> ObjectsNow:
    """Decide that an item is nothing that it was taken for."""

    def reject() -> dict[str, Any]:
        objects = service.kit(user).review.reject(review_id)
        return {"object_ids": [obj.object_id for obj in objects]}

    return await objects_now(service, user, await once.look_up("", reject))


@router.delete("/review/{review_id}", tags=["review"], status_code=204, response_class=Response)
async def dismiss_review(review_id: _ReviewId, service: ServiceOf, user: UserOf) -> None:
    """Remove an item and learn nothing."""
    await service.look_up(user, lambda: service.kit(user).review.dismiss(review_id))


@router.get(
    "/review/{review_id}/picture", tags=["review"], response_class=Response, responses=PICTURE
)
async def get_review_picture(review_id: _ReviewId, service: ServiceOf, user: UserOf) -> Response:
    """Return the small picture of an item."""

    def picture() -> bytes:
        for item in service.kit(user).review.list():
            if item.review_id == review_id:
                if item.picture is None:
                    raise no_crop()
                return item.picture
        raise ObjectNotFound("expected an item of the review queue, found none with that id")

    return picture_answer(await service.look_up(user, picture))
