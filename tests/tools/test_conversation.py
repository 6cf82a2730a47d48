"""The kept and the shown form of a conversation, for messages of the simplest kind."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from pekit_agents.errors import InvalidInput
from pekit_agents.testing import solid_scene, to_png
from pekit_agents.tools import hidden_pictures as hidden
from pekit_agents.tools.action_result import ActionError
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.annotated_pictures import AnnotatedPicture
from pekit_agents.tools.conversation import PersonalConversation, drawn_pictures, recent_handles
from pekit_agents.tools.image_store import MemoryImageStore, handle_of, image_label
from pekit_agents.tools.message_format import Label, Parts, Role, Views

Piece = str | bytes | Label | AnnotatedPicture


@dataclass(frozen=True)
class Said:
    """A message of texts, pictures and labels."""

    role: Role
    blocks: tuple[Piece, ...]


class Plain:
    """Messages that are written as they are thought of."""

    def role(self, message: Said) -> Role:
        return message.role

    def pieces(self, message: Said) -> Iterator[tuple[int, hidden.Piece]]:
        for index, block in enumerate(message.blocks):
            if isinstance(block, Label):
                yield index, image_label(block.handle)
            elif isinstance(block, str | bytes):
                yield index, block

    def clips(self, message: Said) -> tuple[()]:
        return ()

    def made(self, message: Said) -> tuple[()]:
        return ()

    def labels(self, message: Said) -> Iterator[tuple[int, Label]]:
        for index, block in enumerate(message.blocks):
            if isinstance(block, Label):
                yield index, block

    def returned(self, message: Said) -> list[Label]:
        return [label for _, label in self.labels(message)]

    def detach(self, message: Said, parts: Parts) -> Said:
        blocks: list[Piece] = []
        for index, block in enumerate(message.blocks):
            blocks += parts.get(index, [block])
        return replace(message, blocks=tuple(blocks))

    def attach(self, message: Said, views: Views) -> Said:
        blocks: list[Piece] = []
        for index, block in enumerate(message.blocks):
            blocks += [block, *(view for _, view in views.get(index, ()))]
        return replace(message, blocks=tuple(blocks))

    def user_message(self, text: str, labels: Sequence[Label]) -> Said:
        return Said("user", (text, *labels))


Make = Callable[..., PersonalConversation[Said]]


@pytest.fixture
def make(actions: PersonalActions) -> Make:
    def build(*, auto: bool = True, max_images: int = 10) -> PersonalConversation[Said]:
        return PersonalConversation(actions, Plain(), auto=auto, max_images=max_images)

    return build


def data(message: Said) -> list[bytes]:
    return [block.data for block in message.blocks if isinstance(block, AnnotatedPicture)]


def words(shown: Sequence[Said]) -> list[str]:
    """Return what stands after labels in place of pictures."""
    return [
        after
        for message in shown
        for label, after in pairwise(message.blocks)
        if isinstance(label, Label) and isinstance(after, str)
    ]


def test_pictures_of_users_and_tools_become_labels_and_those_of_models_stay(
    make: Make, actions: PersonalActions, red: bytes
) -> None:
    label = Label(actions.images.put("ann", red))
    for role in ("user", "tool"):
        assert make().kept("ann", Said(role, ("a", red, "b"))).blocks == ("a", label, "b")
    assert make().kept("ann", Said("tool", (red,)), marked=True).blocks == (
        Label(label.handle, marked=True),
    )
    for untouched in (Said("model", (red,)), Said("user", ("words",))):
        assert make().kept("ann", untouched) is untouched


def test_a_picture_that_cannot_be_kept_becomes_words(actions: PersonalActions, red: bytes) -> None:
    small = PersonalActions(actions.open_kit, MemoryImageStore(max_bytes_per_user=10))
    chat = PersonalConversation(small, Plain(), auto=True, max_images=10)
    told = f"[A picture was left out here: expected an image of 1 to 10 bytes, found {len(red)}]"
    for role in ("user", "tool"):
        message = Said(role, ("a", red))
        assert chat.kept("ann", message) == Said(role, ("a", told))
    with pytest.raises(ActionError, match="expected an image of 1 to 10 bytes"):
        list(recent_handles([message, Said("user", (red,))], Plain(), "ann", small.images))


def test_pictures_of_tools_follow_their_whole_batch(
    make: Make, actions: PersonalActions, biscuit: str, red: bytes, scene: bytes
) -> None:
    drawn, other = Label(biscuit, marked=True), Label(actions.images.put("ann", scene))
    conversation = [
        Said("user", ("Who?",)),
        Said("model", ()),
        Said("tool", ("here", drawn)),
        Said("tool", (other, drawn)),
        Said("model", ()),
        Said("tool", ("nothing",)),
    ]
    shown = make().shown("ann", conversation)
    assert [message.role for message in shown] == [
        "user", "model", "tool", "tool", "user", "model", "tool",
    ]  # fmt: skip
    assert shown[:4] == conversation[:4]
    text, first, plain, second, searched = shown[4].blocks
    assert (text, first, second) == ("Pictures that the tools returned:", drawn, other)
    assert isinstance(plain, AnnotatedPicture)
    assert isinstance(searched, AnnotatedPicture)
    assert (plain.data, plain.text) == (red, "")  # boxes are drawn on it already
    assert 'called "Biscuit"' in searched.text


def test_the_newest_pictures_are_shown(make: Make) -> None:
    photos = [to_png(solid_scene({c: (9, 9, 50, 50)})) for c in ("red", "blue", "green", "white")]
    conversation = [Said("user", (photos[0], photos[1])), Said("user", (photos[2], photos[3]))]
    shown = make(max_images=3, auto=False).shown("ann", conversation)
    assert [data(message) for message in shown] == [[photos[1]], photos[2:]]
    (told,) = words(shown)
    assert told.startswith("Pictures of this conversation that you are not shown: 1, this one")
    assert shown[0].blocks[:2] == (Label(handle_of(photos[0])), told)
    assert data(make(max_images=0).shown("ann", conversation)[1]) == []
    with pytest.raises(InvalidInput, match="max_images: expected 0 or more, found -1"):
        make(max_images=-1)


def test_a_label_of_another_user_or_of_no_picture_has_words_after_it(
    make: Make, actions: PersonalActions, biscuit: str
) -> None:
    damaged = actions.images.put("bob", b"no picture")
    message = Said("user", (Label(biscuit), Label(damaged)))
    for auto in (True, False):
        (shown,) = make(auto=auto).shown("bob", [message])
        label, gone, other, unread = shown.blocks
        assert (label, other) == message.blocks
        assert gone == f"Picture {biscuit} is no longer kept; ask for it again where it is needed"
        assert unread.startswith(f"Picture {damaged} cannot be read: expected a photo (JPEG")


def test_the_model_is_told_how_many_pictures_it_is_not_shown(make: Make) -> None:
    photos = [to_png(solid_scene({"red": (9, 9, 50, 50 + i)})) for i in range(6)]
    conversation = [
        Said("user", (photos[0], photos[1])),
        Said("model", ()),
        Said("tool", (*photos[2:5], photos[0])),
        Said("user", (photos[5],)),
    ]
    shown = make(max_images=3, auto=False).shown("ann", conversation)
    # Newest first: 5, then of the batch 0 and 4. The first message's 0 is shown further down.
    assert [data(message) for message in shown] == [
        [], [], [], [photos[4], photos[0]], [photos[5]]
    ]  # fmt: skip
    (told,) = words(shown)
    assert "not shown: 3, this one and older ones" in told  # 3, 2 and 1
    assert shown[3].blocks[2:4] == (Label(handle_of(photos[3])), told)
    assert words(make(max_images=9).shown("ann", conversation)) == []


def test_pictures_of_a_request_share_what_a_provider_takes(make: Make) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (700, 1000, 3), dtype=np.uint8)
    photos = [to_png(Image.fromarray(np.roll(noise, i))) for i in range(10)]  # of 2.1 MB each
    for count in (5, 10):
        (shown,) = make(auto=False).shown("ann", [Said("user", tuple(photos[:count]))])
        sizes = [len(base64.b64encode(each)) for each in data(shown)]
        assert len(sizes) == count
        assert sum(sizes) <= 18 * 2**20
        assert (data(shown) == photos[:count]) is (count == 5)


def test_recent_pictures_are_the_users_own_newest_first(
    actions: PersonalActions, biscuit: str, scene: bytes
) -> None:
    later = actions.images.put("ann", scene)
    conversation = [
        Said("user", (f"{image_label(biscuit)} and {image_label(later)}",)),
        Said("user", (Label(biscuit), scene)),
        Said("tool", (Label(biscuit),)),
        Said("model", (scene,)),
    ]
    found = list(recent_handles(conversation, Plain(), "ann", actions.images))
    assert found == [later, biscuit, later, biscuit]


@pytest.mark.parametrize("record", [None, [], {}, {"images": "img_"}, {"images": ["x", 7]}])
def test_what_is_no_record_of_a_personal_tool_has_drawn_nothing(record: object) -> None:
    assert drawn_pictures(record) == []
