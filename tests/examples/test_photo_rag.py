"""The photo library of the examples answers with the photos that show what is named."""

import shutil

import pytest
from PIL import Image
from typer.testing import CliRunner

pytest.importorskip("langchain", reason="LangChain is not installed")

from examples.photo_rag.__main__ import app
from examples.photo_rag.contact_sheet import contact_sheet
from examples.photo_rag.retrieval import retrieve, to_message
from pekit_agents.images import list_photos
from pekit_agents.retrievers.photo_library.library import PhotoLibrary
from pekit_agents.testing import fake_profile, graded_profile, solid_scene
from pekit_agents.tools.langchain.pictures import images_in
from tests.video.conftest import film  # noqa: F401  # a fixture
from tests.video.filmed_scenes import film_scenes

PLACES = {"left": (5, 5, 45, 45), "right": (100, 60, 150, 110)}


@pytest.fixture
def library(tmp_path):
    """Two of three photos show Ruby, who is red; one of these shows Mug, who is blue."""
    album = tmp_path / "album" / "deeper"
    album.mkdir(parents=True)
    for name, colours in (("a", ["red"]), ("b", ["blue", "red"]), ("c", ["green"])):
        boxes = dict(zip(colours, PLACES.values(), strict=False))
        solid_scene(boxes).save(album / f"{name}.png")
    (album / "notes.txt").write_text("no photo")
    library = PhotoLibrary.open(tmp_path / "memory", "ann", fake_profile())
    library.index((str(path), path) for path in list_photos(tmp_path / "album").photos)
    for name, colour, category in (("Ruby", "red", "motorcycle"), ("Mug", "blue", "cup")):
        photo = solid_scene({colour: (20, 20, 80, 80)})
        library.kit.remember(name, photo, category=category, context=f"{name} is old.")
    return library


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Where is Ruby?", ["a.png", "b.png"]),
        ("Ruby and the Mug together", ["b.png"]),
        ("any cup", ["b.png"]),
        ("Rex", []),
    ],
)
def test_photos_show_all_that_is_named(library, question, expected):
    found = retrieve(library, question, 6)
    assert sorted(photo.path.name for photo in found) == expected


def test_a_photo_that_is_gone_is_left_out(library, tmp_path):
    (tmp_path / "album" / "deeper" / "a.png").unlink()
    assert [photo.path.name for photo in retrieve(library, "Ruby", 6)] == ["b.png"]


def test_the_model_is_shown_the_boxed_photos_with_names_and_notes(library):
    photos = retrieve(library, "Ruby and the Mug", 6)
    message = to_message(library, "Where are Ruby and the Mug?", photos)
    (picture,) = images_in(message)
    assert picture.mime == "image/jpeg"
    assert message.content[0]["text"] == "Where are Ruby and the Mug?"
    assert "Photo b.png:" in message.text
    assert '"Ruby is old."' in message.text
    assert '"Mug"' in message.text
    assert photos[0].names in ("Ruby, Mug", "Mug, Ruby")


def test_a_clip_is_shown_by_its_best_frame_with_its_times(library, film, tmp_path):  # noqa: F811
    left, right = PLACES.values()
    path = film_scenes(film, "walk.mp4", {}, {"red": left}, {"red": left, "blue": right})
    album = list_photos(tmp_path)
    assert album.clips == (path,)
    library.index((str(each), each) for each in album.clips)
    clip = next(each for each in retrieve(library, "Ruby and Mug", 6) if each.path == path)
    assert "Ruby 0:01.0-0:02.8" in clip.times
    assert "Mug 0:02.0-0:02.8" in clip.times
    (match, *_) = clip.finding.matches
    assert match.object.name in ("Ruby", "Mug")
    message = to_message(library, "Where is Mug?", [clip])
    assert f"A frame of the clip walk.mp4 ({clip.times}):" in message.text


def test_a_photo_that_may_show_it_comes_after_one_that_does_and_says_so(tmp_path):
    for name, colour in (("a", "pale red"), ("b", "red"), ("c", "blue")):
        solid_scene({colour: PLACES["left"]}).save(tmp_path / f"{name}.png")
    library = PhotoLibrary.open(tmp_path / "memory", "ann", graded_profile())
    library.index((str(path), path) for path in list_photos(tmp_path).photos)
    library.kit.remember("Ruby", solid_scene({"red": (20, 20, 80, 80)}), category="motorcycle")
    photos = retrieve(library, "Where is Ruby?", 6)
    assert [(photo.path.name, photo.names) for photo in photos] == [
        ("b.png", "Ruby"),
        ("a.png", "may be Ruby"),
    ]
    assert [photo.sure for photo in photos] == pytest.approx([1.0, 0.36], abs=0.03)
    assert 'may be "Ruby"' in to_message(library, "Where is Ruby?", photos).text


@pytest.mark.parametrize(("count", "size"), [(1, (344, 288)), (3, (1008, 288)), (4, (1008, 564))])
def test_a_contact_sheet_has_rows_of_three(count, size):
    photo = Image.new("RGB", (640, 480), "red")
    sheet = contact_sheet([("red", photo)] * count)
    assert sheet.size == size
    last = ((count - 1) % 3 * 332 + 100, (count - 1) // 3 * 276 + 100)
    assert sheet.getpixel(last) == (255, 0, 0)


def test_the_commands_as_a_user_types_them(embedded_model, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PEKIT_MEMORY", str(tmp_path / "memory"))
    monkeypatch.delenv("PEKIT_CHAT_MODEL", raising=False)
    (tmp_path / "album").mkdir()
    for name in ("motorcycle_right.png", "coffee.png"):
        shutil.copy(photos / name, tmp_path / "album")
    (tmp_path / "album" / "broken.jpg").write_text("no photo")
    (tmp_path / "album" / "notes.txt").write_text("no photo, and none that is broken")

    def typed(*arguments):
        return CliRunner().invoke(app, arguments)

    first = typed("index", "album")
    assert first.exit_code == 0
    assert "broken.jpg: " in first.output
    assert "2 photos and clips indexed, 0 were there already, 1 cannot be read." in first.output
    assert "0 photos and clips indexed, 2 were there already" in typed("index", "album").output
    assert typed("ask", "Where is Ruby?").exit_code == 1

    kit = PhotoLibrary.open(tmp_path / "memory").kit
    kit.remember("Ruby", photos / "motorcycle_left.png", category="motorcycle", context="Old.")
    asked = typed("ask", "Where is Ruby?", "--sheet", "sheet.png")
    assert asked.exit_code == 0, asked.output
    assert "motorcycle_right.png" in asked.output
    rows = [line for line in asked.output.splitlines() if ".png" in line and "│" in line]
    assert "motorcycle_right.png" in rows[0]
    assert all("may be Ruby" in row for row in rows[1:])  # none of the others is named
    assert "(Offline stand-in) This is Ruby." in asked.output
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (676, 288)
