"""``pekit serve`` with a chat beside it: threads for each user, replies as they come.

Who a user is, uploads, pictures, things and forgetting are the server's. README.md says how to run
it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, FastAPI, File, Form, Request, UploadFile
from fastapi.sse import EventSourceResponse, ServerSentEvent

from examples.chat_model import configured_model
from examples.fastapi_chat.conversations import Conversations, Said
from pekit_agents import server
from pekit_agents.images import load_image
from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.server.problems import Problem

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from pekit_agents.profiles import Profile
    from pekit_agents.server import ServerSettings

__all__ = ["MAX_PHOTOS", "create_app"]

MAX_PHOTOS = 4  # of a message: a model is shown ten at most, and older ones count


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the threads within the lifespan of the server."""
    async with Conversations.open(app.state.service, app.state.model) as chats:
        app.state.chats = chats
        yield


# What lies under /v1/ is for programs: without a token it is answered 401, not with a page.
router = APIRouter(prefix="/v1/threads", tags=["chat"], lifespan=_lifespan)


def _chats(request: Request) -> Conversations:
    chats: Conversations = request.app.state.chats
    return chats


ChatsOf = Annotated[Conversations, Depends(_chats)]


async def own_thread(thread_id: str, user: UserOf, chats: ChatsOf) -> str:
    """Return the thread's id; one of somebody else is answered like one that never was."""
    if thread_id not in await chats.threads.of(user):
        raise Problem(404, "expected a thread of yours, found none with this id")
    return thread_id


Thread = Annotated[str, Depends(own_thread)]


async def read_photos(
    thread: Thread,
    user: UserOf,
    service: ServiceOf,
    photos: Annotated[list[UploadFile] | None, File(max_length=MAX_PHOTOS)] = None,
) -> list[bytes]:
    """Return the photos of a message, or refuse them: before any is kept, each is decoded."""
    del thread  # so that photos for threads of others are not decoded
    contents = [await photo.read() for photo in photos or []]
    for content in contents:
        await service.see(user, load_image, content, limits=service.settings.limits)
    return contents


@router.post("", status_code=201)
async def new_thread(user: UserOf, chats: ChatsOf) -> dict[str, str]:
    """Begin a thread."""
    return {"thread_id": await chats.threads.add(user)}


@router.get("")
async def list_threads(user: UserOf, chats: ChatsOf) -> list[str]:
    """List the user's threads, the oldest first."""
    return await chats.threads.of(user)


@router.get("/{thread_id}")
async def read_thread(thread: Thread, chats: ChatsOf) -> list[Said]:
    """Return what was said on a thread."""
    return await chats.history(thread)


@router.post("/{thread_id}/messages", response_class=EventSourceResponse)
async def say(
    user: UserOf,
    thread: Thread,
    chats: ChatsOf,
    photos: Annotated[list[bytes], Depends(read_photos)],
    text: Annotated[str, Form(min_length=1, max_length=4000)],
) -> AsyncIterator[ServerSentEvent]:
    """Say something, with photos or without; events are ``token``, then ``done`` or ``error``."""
    async for kind, data in chats.say(user, thread, text, photos):
        yield ServerSentEvent(event=kind, data=data)


def create_app(
    settings: ServerSettings,
    *,
    model: BaseChatModel | None = None,
    profile: Profile | None = None,
) -> FastAPI:
    """Return the server with the chat.

    Args:
        settings: What is served, to whom, and where it is kept.
        model: A chat model that takes pictures and calls tools; ``PEKIT_CHAT_MODEL`` by default.
        profile: The vision tools, in place of those that ``settings`` names.
    """
    app = server.create_app(settings, profile=profile)
    app.state.model = model or configured_model()
    app.include_router(router)
    return app
