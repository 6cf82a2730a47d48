"""A chat service: bearer tokens, a memory and threads for each user, replies as they come.

Who a user is comes from the token and from nothing else in a request. README.md says how to run it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import (
    APIRouter,
    Depends,
    FastAPI,
    File,
    Form,
    HTTPException,
    Request,
    Response,
    UploadFile,
)
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.sse import EventSourceResponse, ServerSentEvent

from examples.chat_model import configured_model
from examples.fastapi_chat.accounts import DATA_VARIABLE, Accounts
from examples.fastapi_chat.conversations import Conversations, Said
from examples.fastapi_chat.uploads import (
    MAX_PHOTOS,
    PHOTO_LIMITS,
    UPLOAD_SECONDS,
    Decoding,
    UploadLimits,
)
from pekit_agents.errors import ImageError, InvalidInput
from pekit_agents.images import load_image

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from pekit_agents.profiles import Profile

__all__ = ["MAX_PHOTOS", "PHOTO_LIMITS", "create_app"]

_BODY = MAX_PHOTOS * PHOTO_LIMITS.max_bytes + 2**16

router = APIRouter()


def _accounts(request: Request) -> Accounts:
    accounts: Accounts = request.app.state.accounts
    return accounts


def _chats(request: Request) -> Conversations:
    chats: Conversations = request.app.state.chats
    return chats


def _decoding(request: Request) -> Decoding:
    decoding: Decoding = request.app.state.decoding
    return decoding


AccountsOf = Annotated[Accounts, Depends(_accounts)]
ChatsOf = Annotated[Conversations, Depends(_chats)]
DecodingOf = Annotated[Decoding, Depends(_decoding)]


async def current_user(
    accounts: AccountsOf, bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]
) -> str:
    """Return whose token came with the request."""
    user_id = await accounts.user_of(bearer.credentials)
    if user_id is None:
        raise HTTPException(401, "expected a valid token", {"WWW-Authenticate": "Bearer"})
    return user_id


User = Annotated[str, Depends(current_user)]


async def own_thread(thread_id: str, user: User, accounts: AccountsOf) -> str:
    """Return the thread's id; one of somebody else is answered like one that never was."""
    if thread_id not in await accounts.threads_of(user):
        raise HTTPException(404, "no such thread")
    return thread_id


Thread = Annotated[str, Depends(own_thread)]


async def read_photos(
    thread: Thread,
    decoding: DecodingOf,
    photos: Annotated[list[UploadFile] | None, File()] = None,
) -> list[bytes]:
    """Return the photos of a message, or refuse them: before any is kept, each is decoded."""
    del thread  # so that photos of strangers are not decoded
    contents = [await photo.read() for photo in photos or []]
    try:
        for content in contents:
            await decoding.run(load_image, content, limits=PHOTO_LIMITS)
    except ImageError as exc:
        raise HTTPException(422, str(exc)) from exc
    return contents


@router.post("/threads", status_code=201)
async def new_thread(user: User, accounts: AccountsOf) -> dict[str, str]:
    """Begin a thread."""
    return {"thread_id": await accounts.add_thread(user)}


@router.get("/threads")
async def list_threads(user: User, accounts: AccountsOf) -> list[str]:
    """List the user's threads, the oldest first."""
    return await accounts.threads_of(user)


@router.get("/threads/{thread_id}")
async def read_thread(thread: Thread, chats: ChatsOf) -> list[Said]:
    """Return what was said on a thread."""
    return await chats.history(thread)


@router.post("/threads/{thread_id}/messages", response_class=EventSourceResponse)
async def say(
    user: User,
    thread: Thread,
    chats: ChatsOf,
    photos: Annotated[list[bytes], Depends(read_photos)],
    text: Annotated[str, Form(min_length=1, max_length=4000)],
) -> AsyncIterator[ServerSentEvent]:
    """Say something, with photos or without; events are ``token``, then ``done`` or ``error``."""
    async for kind, data in chats.say(user, thread, text, photos):
        yield ServerSentEvent(event=kind, data=data)


@router.get("/pictures/{handle}")
async def show_picture(handle: str, user: User, chats: ChatsOf, decoding: DecodingOf) -> Response:
    """Return one of the user's pictures as the model is shown it, with boxes and names."""
    try:
        view = await decoding.run(chats.personal.view, handle, user)
    except InvalidInput as exc:
        raise HTTPException(404, "no such picture") from exc
    return Response(view.data, media_type=view.mime, headers={"Cache-Control": "private, no-store"})


@router.get("/objects")
async def list_objects(user: User, chats: ChatsOf) -> list[dict[str, Any]]:
    """List what is remembered for the user."""
    kit = await asyncio.to_thread(chats.personal.actions.open_kit, user)
    return [obj.to_dict() for obj in await asyncio.to_thread(kit.objects)]


@router.delete("/me", status_code=204)
async def forget_me(user: User, chats: ChatsOf) -> None:
    """Forget the user's things, pictures and threads; the token stays valid."""
    await chats.forget_user(user)


def create_app(
    folder: Path | None = None,
    *,
    model: BaseChatModel | None = None,
    profile: str | Profile = "embedded",
    upload_seconds: float = UPLOAD_SECONDS,
) -> FastAPI:
    """Return the application.

    Args:
        folder: Where everything is kept; ``PEKIT_CHAT_DATA`` or ``chat-data`` by default.
        model: A chat model that takes pictures and calls tools; ``PEKIT_CHAT_MODEL`` by default.
        profile: The vision tools.
        upload_seconds: How long the photos of a message may take to arrive.
    """
    place = Path(os.environ.get(DATA_VARIABLE, "chat-data")) if folder is None else folder

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            Accounts.open(place) as accounts,
            Conversations.open(place, model or configured_model(), profile, accounts) as chats,
        ):
            app.state.accounts, app.state.chats = accounts, chats
            app.state.decoding = decoding = Decoding()
            yield
            decoding.close()

    # Both limits hold while a request is read, before it is known who sends it.
    app = FastAPI(
        title="Chat with a memory of one's own things",
        lifespan=lifespan,
        max_body_size=_BODY,
        form_limits={"max_files": MAX_PHOTOS, "max_fields": 1, "max_part_size": 2**15},
    )
    app.add_middleware(UploadLimits, seconds=upload_seconds)
    app.include_router(router)
    return app
