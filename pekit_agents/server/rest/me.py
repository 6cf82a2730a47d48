"""REST: whose memory it is, and forgetting everything of it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.photo_folders import may_name_paths
from pekit_agents.server.rest.answers import Me

__all__ = ["router"]

router = APIRouter(prefix="/me", tags=["me"])


@router.get("")
async def get_me(service: ServiceOf, user: UserOf) -> Me:
    """Say whose memory the token reaches, and what the server does."""
    settings = service.settings

    def told() -> Me:
        kit = service.kit(user)
        return Me(
            user_id=user,
            objects=len(kit.objects()),
            pictures=len(service.recent.handles(user)),
            waiting_for_review=len(kit.review.list()),
            keeps_crops=settings.keep_crops,
            strictness=settings.strictness,
            answers=service.actions.answerer is not None,
            folders=may_name_paths(settings, user),
            max_photo_bytes=settings.max_bytes,
            max_request_bytes=settings.max_request,
        )

    return await service.look_up(user, told)


@router.delete("", status_code=204, response_class=Response)
async def forget_me(service: ServiceOf, user: UserOf) -> None:
    """Forget everything of this user for good: memory, library, review queue and pictures."""
    await service.forget(user)
