"""Messages for chat engines, and the forms in which LlamaIndex carries a picture."""

import base64
from io import BytesIO
from pathlib import Path

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.schema import ImageDocument
from PIL import Image

from pekit_agents.tools.hidden_pictures import LeftOut
from pekit_agents.tools.llama_index.agent import apersonalize_message, personalize_message
from pekit_agents.tools.llama_index.pictures import labels_in, picture_data
from pekit_agents.tools.message_format import Label


def _data_url(data):
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def _in_file(data, folder):
    (folder / "photo.png").write_bytes(data)
    return ImageBlock(path=folder / "photo.png")


FORMS = {
    "bytes": lambda data, _: ImageBlock(image=data),
    "base64": lambda data, _: ImageBlock(image=base64.b64encode(data)),
    "stream": lambda data, _: ImageBlock(image=BytesIO(data)),
    "data URL": lambda data, _: ImageBlock(url=_data_url(data)),
    "path": _in_file,
}


@pytest.fixture
def kit(actions):
    return actions.open_kit("ann")


@pytest.mark.parametrize("form", FORMS)
def test_a_picture_in_any_form_is_annotated(kit, remember, photo, pictures, tmp_path, form):
    remember("Biscuit", "red", context="Eats shoes.")
    block = FORMS[form](photo("red"), tmp_path)
    blocks = [TextBlock(text="What is Biscuit doing?"), block]
    message = ChatMessage(role="user", blocks=blocks, additional_kwargs={"mood": "good"})
    told = personalize_message(message, kit)
    assert [type(block).__name__ for block in told.blocks] == [
        "TextBlock",
        "ImageBlock",
        "TextBlock",
    ]
    assert told.blocks[0].text == "What is Biscuit doing?"
    assert told.blocks[1].image_mimetype == "image/jpeg"
    assert 'called "Biscuit"' in told.blocks[2].text
    assert '"Eats shoes."' in told.blocks[2].text
    assert pictures([told]) != [photo("red")]
    assert told.additional_kwargs == {"mood": "good"}
    assert message.blocks == blocks


@pytest.mark.parametrize("form", FORMS)
async def test_an_agent_takes_a_picture_in_any_form(
    make_agent, scripted, remember, photo, pictures, tmp_path, form
):
    remember("Biscuit", "red")
    agent = make_agent(scripted("Biscuit."), user_id="ann")
    blocks = [TextBlock(text="Who?"), FORMS[form](photo("red"), tmp_path)]
    memory = ChatMemoryBuffer.from_defaults(token_limit=9999)
    await agent.run(ChatMessage(role="user", blocks=blocks), memory=memory)
    assert 'called "Biscuit"' in agent.llm.seen[0][-1].content
    assert pictures(await memory.aget_all()) == []


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [TextBlock(text="Hello!")],
        [TextBlock(text="Look."), ImageBlock(url="https://example.invalid/photo.png")],
    ],
    ids=["nothing", "words", "URL"],
)
async def test_what_cannot_be_searched_comes_back_as_it_is(kit, remember, blocks):
    remember("Biscuit", "red")
    message = ChatMessage(role="user", blocks=blocks)
    assert personalize_message(message, kit) is message
    assert await apersonalize_message(message, kit) is message


def test_what_no_model_could_open_is_said(kit):
    blocks = [
        ImageBlock(),
        ImageBlock(url="file:///home/u/x.jpg"),
        ImageBlock(url="blob:https://a/b"),
    ]
    told = personalize_message(ChatMessage(role="user", blocks=blocks), kit)
    assert [block.text for block in told.blocks] == [
        "A picture cannot be read: expected a picture or its address, found neither",
        *["A picture cannot be read: a path or address that only the sender can open"] * 2,
    ]


async def test_what_models_do_not_take_is_converted_or_said(kit, remember, photo):
    bmp, turned = BytesIO(), (Path(__file__).parents[3] / "images" / "turned.heic").read_bytes()
    Image.open(BytesIO(photo("blue"))).save(bmp, "BMP")
    sent = [
        personalize_message(ChatMessage(role="user", blocks=[TextBlock(text="?"), block]), kit)
        for block in (
            ImageBlock(image=bmp.getvalue()),
            ImageBlock(image=turned),
            ImageBlock(image=photo("blue"), image_mimetype="image/jpeg"),
            ImageBlock(image=b"no picture at all"),
            ImageBlock(image=BytesIO(b"")),
        )
    ]
    kinds = [getattr(message.blocks[1], "image_mimetype", None) for message in sent]
    assert kinds == ["image/jpeg", "image/jpeg", "image/png", None, None]
    assert sent[3].blocks[1].text.startswith("A picture cannot be read: expected a photo")
    assert sent[4].blocks[1].text.startswith("A picture cannot be read: expected 1 to")


async def test_without_a_match_the_message_is_returned_itself(kit, remember, said, photo):
    message = said("What is it?", photo("blue"))
    assert personalize_message(message, kit) is message  # nothing is remembered
    remember("Biscuit", "red")
    assert await apersonalize_message(message, kit) is message


def test_only_the_pictures_with_something_in_them_change(kit, remember, said, photo, pictures):
    remember("Biscuit", "red")
    message = said("?", photo("blue"), photo("red"), photo("green"))
    told = personalize_message(message, kit)
    assert told.blocks[1] is message.blocks[1]
    assert told.blocks[4] is message.blocks[3]
    assert pictures([told])[1] != photo("red")
    assert len(told.blocks) == 5


def test_pictures_given_the_old_way_are_not_doubled(kit, remember, photo, pictures):
    remember("Biscuit", "red")
    document = ImageDocument(image=base64.b64encode(photo("red")).decode())
    message = ChatMessage(role="user", content="Who?", additional_kwargs={"images": [document]})
    told = personalize_message(message, kit)
    again = ChatMessage.model_validate(told.model_dump())
    assert len(pictures([again])) == 1
    assert "images" not in told.additional_kwargs


async def test_a_chat_engine_answers_about_the_annotated_picture(
    kit, remember, said, photo, pictures, scripted
):
    remember("Biscuit", "red")
    llm = scripted("Sleeping.", "Biscuit.")
    engine = SimpleChatEngine.from_defaults(
        llm=llm, memory=ChatMemoryBuffer.from_defaults(token_limit=9999)
    )
    told = await apersonalize_message(said("What is Biscuit doing?", photo("red")), kit)
    assert str(await engine.achat(told.blocks)) == "Sleeping."
    assert pictures(llm.seen[0]) == pictures([told])
    # The signature asks for a text: the same by way of the history.
    assert str(engine.chat("And who is it?", chat_history=[told])) == "Biscuit."
    assert pictures(llm.seen[1]) == pictures([told])


def test_a_picture_that_is_too_large_is_not_even_decoded(monkeypatch, tmp_path, photo):
    pictures_module = "pekit_agents.tools.llama_index.pictures"
    for form in FORMS.values():
        left = picture_data(form(photo("red"), tmp_path), max_bytes=10)
        assert isinstance(left, LeftOut)
        assert left.reason.startswith("expected 1 to 10 bytes, found ")

    def explode(**_):
        raise AssertionError("decoded")

    monkeypatch.setattr(f"{pictures_module}.resolve_binary", explode)
    for form in (FORMS["bytes"], FORMS["base64"], FORMS["data URL"]):
        left = picture_data(form(photo("red") + bytes(2000), tmp_path), max_bytes=10)
        assert left.reason.startswith("expected at most 10 bytes, found about ")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/photo.png", "file:///etc/hostname"])
def test_a_url_is_never_opened(monkeypatch, url):
    def connect(*args):
        raise AssertionError("opened")

    monkeypatch.setattr("socket.socket.connect", connect)
    unopened = LeftOut("a path or address that only the sender can open")
    assert picture_data(ImageBlock(url=url)) == (unopened if url[:4] == "file" else None)


async def test_a_file_that_is_gone_is_said(tmp_path, photo, make_agent, scripted, pictures):
    block = _in_file(photo("red"), tmp_path)
    (tmp_path / "photo.png").unlink()
    assert picture_data(block) == LeftOut("No such file or directory")
    agent = make_agent(scripted("Which photo?"), user_id="ann")
    await agent.run(ChatMessage(role="user", blocks=[block]))
    assert pictures(agent.llm.seen[0]) == []
    assert "[A picture was left out here: No such file or directory]" in str(agent.llm.seen[0])


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("", []),
        (f"[image img_{'0' * 31}]", []),
        (f"[image img_{'a' * 32}]", [Label(f"img_{'a' * 32}")]),
        (f"x [marked image img_{'1' * 32}] y", [Label(f"img_{'1' * 32}", True)]),
    ],
)
def test_labels_are_read_from_texts(text, labels):
    assert labels_in(TextBlock(text=text)) == labels


def test_the_pictures_of_a_message_share_what_a_request_may_have(kit, photo, pictures):
    heavy = [photo("blue") + bytes([at]) + bytes(3_000_000) for at in range(12)]
    blocks = [ImageBlock(image=data) for data in heavy]
    told = personalize_message(ChatMessage(role="user", blocks=blocks), kit)
    assert len(pictures([told])) == 12
    assert sum(len(data) * 4 / 3 for data in pictures([told])) < 20 * 2**20
    alone = ChatMessage(role="user", blocks=blocks[:1])
    assert personalize_message(alone, kit) is alone
