"""A chat in the browser that learns one's things, with Chainlit; README.md says how to run it.

For one person on their own machine: everybody who opens the page shares one memory.
"""

from __future__ import annotations

import asyncio
import os
from functools import cache
from pathlib import Path
from typing import Any

import chainlit as cl
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from examples.chat_model import MODEL_VARIABLE, OfflineStandIn, configured_model
from examples.chat_ui.this_machine import keep_to_this_machine
from pekit_agents.errors import ImageError, InvalidInput
from pekit_agents.images import ImageLimits, load_image, read_image
from pekit_agents.tools.annotated_pictures import AnnotatedPicture
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_kinds import mime_of
from pekit_agents.tools.langchain import (
    PersonalizationMiddleware,
    image_block,
    labelled_images,
    text_block,
)

CONSOLE_VARIABLE = "PEKIT_CONSOLE"
USER = "default"  # as `pekit` and `pekit serve` call who does not say otherwise
WELCOME = 'Drop a photo and say "This is my motorcycle Ruby.", then ask about another photo.'
OFFLINE = (
    "**Offline stand-in**: a few rules reply here and no language model. "
    f"Name one in `{MODEL_VARIABLE}`."
)

_LIMITS = ImageLimits(remedies={})  # who sends a photo reads no Python

keep_to_this_machine()


@cache
def opened() -> tuple[PersonalizationMiddleware, Any, bool]:
    """Return the middleware, the agent, and whether a real model replies; once per process."""
    memory = Path(os.environ.get("PEKIT_MEMORY", "pekit-memory"))
    personal = PersonalizationMiddleware.open(
        memory,
        user_id=USER,
        profile=os.environ.get("PEKIT_PROFILE", "embedded"),
        images=DirectoryImageStore(memory / ".server" / "pictures"),  # where the server keeps them
        keep_crops=True,  # which the console shows
    )
    model = configured_model()
    agent = create_agent(model, middleware=[personal])
    return personal, agent, not isinstance(model, OfflineStandIn)


@cl.on_app_startup
async def load() -> None:
    """Load the vision tools before anybody can open the page."""
    await asyncio.to_thread(opened()[0].actions.open_kit, USER)


@cl.on_chat_start
async def greet() -> None:
    """Say what can be done here, where one's things are to be seen, and whether a model replies."""
    console = os.environ.get(CONSOLE_VARIABLE)
    texts = [WELCOME]
    if console:
        texts.append(f"[Your things]({console})")
    if not opened()[2]:
        texts.append(OFFLINE)
    await cl.Message("\n\n".join(texts)).send()


@cl.on_message
async def turn(said: cl.Message) -> None:
    """Reply, or say why not; what goes wrong leaves the conversation as it was."""
    try:
        await reply_to(await asyncio.to_thread(admitted, said))
    except ImageError as exc:
        await cl.ErrorMessage(_harmless(f"Nothing was sent. {exc}")).send()
    except Exception as exc:
        await cl.ErrorMessage(_harmless(f"No reply came: {exc}")).send()
        raise  # for Chainlit's log


def admitted(said: cl.Message) -> BaseMessage:
    """Return what was said as a message for the agent, with handles for its photos.

    Raises:
        ImageError: A file is no photo; none is kept then.
    """
    content = [text_block(said.content or "What is this?")]
    for file in said.elements:
        try:
            photo = read_image(str(file.path), limits=_LIMITS)
            load_image(photo, limits=_LIMITS)
        except ImageError as exc:
            reason = str(exc).partition(": ")[2]
            raise ImageError(f"{file.name}: {reason}") from exc
        content.append(image_block(photo, mime_of(photo)))
    (message,) = opened()[0].admit([HumanMessage(list[str | dict[str, Any]](content))])
    return message


async def reply_to(message: BaseMessage) -> None:
    """Show the agent's reply as it comes and, below it, the photos that something was found in."""
    reply, text = cl.Message(""), ""
    conversation = [*cl.user_session.get("conversation", []), message]
    stream = opened()[1].astream({"messages": conversation}, stream_mode=["messages", "values"])
    async for mode, data in stream:
        if mode == "values":
            conversation = data["messages"]
        elif isinstance(data[0], AIMessage) and data[0].text:
            text += data[0].text
            await reply.stream_token(_harmless(text), is_sequence=True)
    cl.user_session.set("conversation", conversation)
    for view in await asyncio.to_thread(boxed, message):
        picture = cl.Image(content=view.data, mime=view.mime, name="recognised", size="large")
        reply.elements.append(picture)  # type: ignore[arg-type]
    await reply.send()


def boxed(message: BaseMessage) -> list[AnnotatedPicture]:
    """Return those of a message's photos in which something was found, as the model saw them."""
    handles = labelled_images(message).values()
    try:
        views = [opened()[0].view(handle) for handle in handles]
    except InvalidInput:  # let go of in the meantime
        return []
    return [view for view in views if view.text]


def _harmless(text: str) -> str:
    """Return Markdown that loads no picture: its address could carry notes away."""
    return text.replace("![", "!\\[")
