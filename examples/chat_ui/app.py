"""A chat that learns one's things: ``python -m streamlit run examples/chat_ui/app.py``.

For one person on their own machine: everybody who opens the page shares one memory.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from examples.chat_model import MODEL_VARIABLE, OfflineStandIn, configured_model
from pekit_agents.errors import ImageError, InvalidInput
from pekit_agents.images import load_image
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_kinds import mime_of
from pekit_agents.tools.message_handles import labelled_images
from pekit_agents.tools.message_images import image_block, text_block
from pekit_agents.tools.middleware import PersonalizationMiddleware

if TYPE_CHECKING:
    from streamlit.typing import ChatInputValue

USER = "me"
FOLDER = Path(os.environ.get("PEKIT_CHAT_DATA", "chat-ui-data"))
PROFILE = os.environ.get("PEKIT_PROFILE", "embedded")
KINDS = ["jpg", "jpeg", "png", "webp"]
WIDTH = {"user": 240, "assistant": 400}  # of pictures, in pixels


@st.cache_resource(show_spinner="Opening the memory")
def opened() -> tuple[PersonalizationMiddleware, Any, bool]:
    """Return the middleware, the agent, and whether a real model replies; once per process."""
    images = DirectoryImageStore(FOLDER / "pictures")
    personal = PersonalizationMiddleware.open(
        FOLDER / "memory", user_id=USER, profile=PROFILE, images=images
    )
    model = configured_model()
    agent = create_agent(model, middleware=[personal], checkpointer=InMemorySaver())
    return personal, agent, not isinstance(model, OfflineStandIn)


def admitted(text: str, photos: list[bytes]) -> BaseMessage:
    """Return what was said as a message, with handles for its photos.

    Raises:
        ImageError: A file is no photo.
    """
    for photo in photos:
        load_image(photo)
    content = [text_block(text)]
    content += [image_block(photo, mime_of(photo)) for photo in photos]
    (message,) = opened()[0].admit([HumanMessage(list[str | dict[str, Any]](content))])
    return message


def pieces(message: BaseMessage) -> Iterator[str]:
    """Yield the reply as it comes."""
    config = {"configurable": {"thread_id": st.session_state.thread}}
    stream = opened()[1].stream({"messages": [message]}, config, stream_mode="messages")
    for chunk, _ in stream:
        if isinstance(chunk, AIMessageChunk) and chunk.text:
            yield chunk.text


def boxed(handles: list[str]) -> list[bytes]:
    """Return those of the pictures in which something was recognised, as the model saw them."""
    try:
        views = [opened()[0].view(handle) for handle in handles]
    except InvalidInput:  # let go of in the meantime
        return []
    return [view.data for view in views if view.text]


def sidebar() -> None:
    """List what is remembered, each with a button to forget it."""
    personal, _, real = opened()
    with st.sidebar:
        st.header("Your things")
        for obj in personal.actions.open_kit(USER).objects():
            left, right = st.columns([4, 1], vertical_alignment="center")
            left.text(f"{obj.name}, {obj.category}")
            if right.button("✕", key=obj.object_id, help=f"Forget {obj.name}"):
                personal.actions.forget_personal_object(USER, obj.object_id)
                st.rerun()
        if not real:
            st.warning(
                "Offline stand-in: a few rules reply here and no language model. "
                f"Name one in `{MODEL_VARIABLE}`."
            )


def show(role: str, text: str, pictures: list[bytes]) -> None:
    """Show one message of the conversation."""
    with st.chat_message(role):
        st.markdown(_harmless(text))
        for picture in pictures:
            st.image(picture, width=WIDTH[role])


def turn(said: ChatInputValue) -> None:
    """Show what was said, and the reply as it comes; keep both."""
    asked = ("user", said.text or "What is this?", [photo.getvalue() for photo in said.files])
    try:
        message = admitted(*asked[1:])
    except ImageError as exc:
        st.error(str(exc))
        return
    show(*asked)
    with st.chat_message("assistant"):
        place, text = st.empty(), ""
        for piece in pieces(message):
            text += piece
            place.markdown(_harmless(text))
    replied = ("assistant", text, boxed(list(labelled_images(message).values())))
    st.session_state.messages += [asked, replied]
    st.rerun()  # the list of things may have changed


def main() -> None:
    """Draw the page; Streamlit calls it again whenever something happens."""
    st.set_page_config(page_title="Your things", page_icon="📷")
    st.session_state.setdefault("thread", uuid.uuid4().hex)
    for message in st.session_state.setdefault("messages", []):
        show(*message)
    sidebar()
    said = st.chat_input(
        "Drop a photo and say: This is my motorcycle Ruby.",
        accept_file="multiple",
        file_type=KINDS,
        max_upload_size=10,
    )
    if said:
        turn(said)


def _harmless(text: str) -> str:
    """Return Markdown that loads no picture: its address could carry notes away."""
    return text.replace("![", "!\\[")


if __name__ == "__main__":
    main()
