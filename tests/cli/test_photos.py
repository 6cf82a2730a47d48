"""Commands on many photos: folders, formats, what cannot be used, and a question about them."""

from __future__ import annotations

import csv
import io
import json
import shlex
import shutil
from pathlib import Path

import pytest
from PIL import Image

from pekit_agents.cli.photo_files import photos_of
from pekit_agents.cli.questions import split_question
from pekit_agents.cli.review import kept_for_review
from pekit_agents.errors import ImageError
from pekit_agents.testing import solid_scene


@pytest.fixture
def album(filled) -> Path:
    """Return a folder with a cup, a bike in a subfolder, nothing known, and what is no photo."""
    folder = Path("album")
    (folder / "2023").mkdir(parents=True)
    shutil.copy("red.png", folder / "a.png")
    shutil.copy("blue.png", folder / "2023" / "a.PNG")
    solid_scene({"green": (20, 20, 90, 90)}).save(folder / "z.jfif", "JPEG")
    (folder / "movie.mov").write_bytes(b"no photo")
    (folder / ".hidden.png").write_bytes(b"no photo")
    return folder


ALBUM = ["album/2023/a.PNG", "album/a.png", "album/z.jfif"]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_folder_is_searched_with_its_subfolders(filled, album):
    done = filled("find", "album", "--json")
    assert done.code == 0
    found = {each["photo"]: [m["name"] for m in each["matches"]] for each in json.loads(done.out)}
    assert found == dict(zip(ALBUM, (["Bike"], ["Cup"], []), strict=True))
    table = filled("find", "album", "red.png").out
    assert "album/2023/a.PNG" in table
    assert "Searched 4 photos; your objects are or may be in 3." in table


def test_one_bad_photo_does_not_stop_the_others(filled, album):
    (album / "b.jpg").write_bytes(b"no photo")
    done = filled("find", "gone.png", "album", "red.png", "--format", "jsonl")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert (done.code, len(lines)) == (1, 6)
    bad = {line["photo"]: line["error"] for line in lines if "error" in line}
    assert list(bad) == ["gone.png", "album/b.jpg"]
    assert bad["album/b.jpg"].startswith("expected a photo (JPEG, ")
    assert "album/b.jpg: expected a photo (JPEG, " in done.err
    assert "2 of 6 photos could not be used." in done.err


def test_a_csv_has_a_row_for_each_match_and_for_each_photo_without(filled, album):
    solid_scene({"red": (16, 16, 64, 64), "blue": (80, 16, 152, 64)}).save("both.png")
    done = filled("find", "both.png", "album/z.jfif", "gone.png", "--format", "CSV")
    found = rows(done.out)
    assert done.code == 1
    assert [(row["photo"], row["result"], row["name"]) for row in found] == [
        ("both.png", "named", "Cup"),
        ("both.png", "named", "Bike"),
        ("album/z.jfif", "nothing", ""),
        ("gone.png", "error", ""),
    ]
    assert [found[0][edge] for edge in ("x0", "y0", "x1", "y1")] == ["16", "16", "64", "64"]
    assert "found nothing at 'gone.png'" in found[3]["error"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json"])
def test_results_go_to_a_file_of_their_kind(filled, album, suffix):
    done = filled("find", "album", "--out", f"found{suffix}")
    assert (done.code, done.out) == (0, f"Wrote 3 photos to found{suffix}.\n")
    text = Path(f"found{suffix}").read_text("utf-8")
    if suffix == ".csv":
        told = rows(text)
    else:
        told = json.loads(text) if suffix == ".json" else list(map(json.loads, text.splitlines()))
    assert [each["photo"] for each in told] == ALBUM
    again = filled("find", "album", "--out", f"found{suffix}")
    assert (again.code, "--force" in again.err) == (1, True)
    assert Path(f"found{suffix}").read_text("utf-8") == text
    assert filled("find", "album", "--out", f"found{suffix}", "--force").code == 0


def test_pictures_of_several_photos_go_to_a_folder_each_to_a_file_of_its_own(filled, album):
    done = filled("find", "album", "red.png", "album/a.png", "--out", "shown", "--json")
    pictures = [each["picture"] for each in json.loads(done.out)]
    assert pictures == ["shown/2023/a.png", "shown/a.png", None, "shown/red.png", "shown/a-2.png"]
    assert Image.open("shown/2023/a.png").tobytes() != Image.open("blue.png").tobytes()
    again = filled("find", "album", "--out", "shown")
    assert (again.code, "shown/2023/a.png is there already" in again.err) == (1, True)


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("album", "--json", "--format", "csv"), 2, "expected one format"),
        (("album", "--out", "found.csv", "--json"), 2, "expected one format"),
        (("album", "--out", "found.png"), 1, "folder for the pictures of several photos"),
        (("red.png", "--out", "found.txt"), 1, "with .csv, .jsonl or .json for the results"),
        (("empty",), 1, "expected a folder with photos, found no file in it"),
        (("https://example.org/a.jpg",), 1, "found an address on the web; nothing is fetched: "),
        (("s3://bucket/a.jpg",), 1, "found an address (s3://); nothing is fetched: download"),
        (("file:///a/b.jpg",), 1, "give the path alone, without file://"),
        (("data:image/png;base64,iVBOR",), 1, "data URL: expected a photo on this machine"),
    ],
)
def test_what_cannot_be_searched_is_called_what_it_is(filled, album, args, code, says):
    Path("empty").mkdir()
    done = filled("find", *args)
    assert (done.code, done.out) == (code, "")
    assert says in " ".join(done.err.replace("│", " ").split())


@pytest.mark.parametrize("command", [("remember", "Tea"), ("add", "Cup"), ("confirm", "Cup")])
def test_an_address_is_no_reference_photo(filled, command):
    options = ("-c", "mug") if command[0] == "remember" else ()
    done = filled(*command, "https://example.org/a.jpg", *options)
    assert done.code == 1
    assert "https://example.org/a.jpg: expected a photo on this machine" in done.err


def test_choices_may_be_written_in_capitals(filled):
    for option, value in (("--mode", "Auto"), ("--mode", "SCENE"), ("--format", "JsonL")):
        assert filled("find", "red.png", option, value).code == 0


def test_strictness_may_be_written_in_capitals(filled, monkeypatch):
    monkeypatch.setenv("PEKIT_PROFILE", "graded")
    assert filled("remember", "Cup", "red.png", "-c", "mug", "-u", "ann").code == 0
    done = filled("find", "red.png", "-u", "ann", "--strictness", "Precision")
    assert (done.code, "Cup" in done.out) == (0, True)


def test_a_review_says_what_was_kept_of_which_photo(filled, album, monkeypatch):
    monkeypatch.setenv("PEKIT_PROFILE", "graded")
    assert filled("remember", "Cup", "red.png", "-c", "mug", "-u", "ann").code == 0
    doubts = ("album/2023/doubt.png", "album/doubt.png")
    for photo in doubts:
        solid_scene({"pale red": (20, 20, 90, 90)}).save(photo)
    done = filled("find", "album", "--review", "-u", "ann", "--json")
    kept = {each["photo"]: each["review"] for each in json.loads(done.out) if each["review"]}
    items = json.loads(filled("review", "list", "--json", "-u", "ann").out)
    assert {item["label"]: [item["review_id"]] for item in items} == kept
    assert tuple(kept) == doubts
    ids = ", ".join(each for (each,) in kept.values())
    assert f"Kept 2 doubtful matches for review: {ids}. `pekit review list -u ann" in done.err
    for photo in doubts:  # one by one they are the same items
        assert f"review: {kept[photo][0]}. " in filled("find", photo, "--review", "-u", "ann").out
    nothing = filled("find", "red.png", "--review", "-u", "ann").out
    assert nothing.endswith("Nothing is doubtful: nothing was kept for review.\n")


def test_of_many_items_to_review_some_ids_are_said():
    said = kept_for_review([*map(str, range(100, 112)), "100"], ["-m", "a b"])
    assert said.startswith("Kept 12 doubtful matches for review: 100, 101, ")
    assert ", 109 and 2 more. `pekit review list -m 'a b'` shows what waits" in said


def test_add_takes_photos_and_folders_and_says_what_to_do_better(filled, album):
    done = filled("add", "cup", "album", "gone.png", "--json")
    (cup,) = json.loads(done.out)
    assert (done.code, cup["n_views"]) == (1, 5)
    assert "gone.png: expected an image file, found nothing" in done.err
    Image.open("red.png").save("red.bmp")
    told = filled("add", "Cup", "red.bmp").out
    assert "Advice: red.bmp adds nothing to one that is remembered already" in told


@pytest.mark.parametrize(
    ("verb", "learnt", "count", "before"),
    [("add", "n_views", 2, ""), ("reject", "n_negatives", 1, "Nothing was learnt from ")],
)
def test_a_photo_that_is_left_out_is_named_once_and_the_others_are_stored(
    filled, verb, learnt, count, before
):
    Path("letter.jpg").write_bytes(b"Dear Ann")
    Image.new("RGB", (90, 90), (128, 128, 128)).save("grey.png")
    done = filled(verb, "Bike", "letter.jpg", "grey.png", "red.png", "--json")
    (obj,) = json.loads(done.out)
    assert (done.code, obj[learnt]) == (1, count)
    letter, grey = [line for line in done.err.splitlines() if line][:2]
    assert letter.startswith(f"{before}letter.jpg: expected a photo (JPEG, ")
    assert grey.startswith(f"{before}grey.png: expected a ")
    assert "nothing was stored" not in done.err


def test_of_one_photo_alone_it_is_said_that_nothing_was_stored(filled):
    Path("letter.jpg").write_bytes(b"Dear Ann")
    said = filled("add", "Cup", "letter.jpg").err.strip()
    assert said.startswith("pekit: letter.jpg: expected a photo (JPEG, ")
    assert said.endswith("; nothing was stored")


@pytest.mark.parametrize("verb", ["remember", "add"])
def test_a_photo_of_something_else_is_taken_out_by_what_is_printed(pekit, monkeypatch, verb):
    monkeypatch.setenv("PEKIT_PROFILE", "graded")
    Path("a").mkdir()
    solid_scene({"blue": (40, 10, 100, 80)}).save("a/odd.png")
    photos = ["a/odd.png"] if verb == "add" else ["red.png", "a/odd.png"]
    place = ("-m", "other", "-u", "ann")
    if verb == "add":
        assert pekit("remember", "Ann's cup", "red.png", "-c", "mug", *place).code == 0
    done = pekit(verb, "Ann's cup", *photos, *(() if verb == "add" else ("-c", "mug")), *place)
    (told,) = [line for line in done.out.splitlines() if "resembles none" in line]
    assert told.startswith("Advice: a/odd.png resembles none of the others: if it shows something ")
    _, command, _ = told.split("`")
    first, odd = json.loads(pekit("views", "Ann's cup", "--json", *place).out)
    assert shlex.split(command) == [
        *("pekit", "remove-view", "Ann's cup", odd["view_id"], *place, "-p", "graded"),
    ]
    assert pekit(*shlex.split(command)[1:]).code == 0
    assert json.loads(pekit("views", "Ann's cup", "--json", *place).out) == [first]


def test_photos_are_called_by_their_paths_in_advice(pekit):
    Path("a").mkdir()
    Image.open("red.png").save("a/1.png")
    told = pekit("remember", "Cup", "red.png", "a", "-c", "mug").out
    assert "Advice: a/1.png adds nothing to red.png: use one from another side." in told


def test_add_takes_no_more_than_an_object_may_hold(filled, album):
    done = filled("add", "Cup", *["red.png"] * 63)
    assert done.code == 1
    assert "expected at most 62 photos more of Cup, found 63" in done.err
    assert json.loads(filled("show", "Cup", "--json").out)["n_views"] == 2


def test_remember_takes_a_folder(filled, album):
    (tea,) = json.loads(filled("remember", "Tea", "album", "-c", "mug", "--json").out)
    assert tea["n_views"] == 3


def test_prompts_of_several_photos(filled, album):
    done = filled("prompt", "album", "red.png", "What is it?")
    assert done.code == 0
    assert [line[:-1] for line in done.out.splitlines() if line.endswith((".png:", ".PNG:"))] == [
        *ALBUM[:2],
        "red.png",
    ]
    assert done.out.count("What is it?") == 4
    records = filled("prompt", "album", "-q", "Why?", "--format", "csv", "--out", "prompts.csv")
    assert records.code == 0
    written = rows(Path("prompts.csv").read_text("utf-8"))
    assert [row["names"] for row in written] == ["Bike", "Cup", ""]
    assert all(row["text"].endswith("Why?") for row in written)


@pytest.mark.parametrize(
    ("words", "option", "photos", "question"),
    [
        (["a.jpg"], None, ["a.jpg"], ""),
        (["a.jpg", ""], None, ["a.jpg"], ""),
        (["a.jpg", "Why?"], None, ["a.jpg"], "Why?"),
        (["a.jpg", "b.HEIC"], None, ["a.jpg", "b.HEIC"], ""),
        (["a.jpg", "What is b.jpg?"], None, ["a.jpg"], "What is b.jpg?"),
        (["a.jpg", "https://x.org/b"], None, ["a.jpg", "https://x.org/b"], ""),
        (["-", "Why?"], None, ["-"], "Why?"),
        (["a.jpg", "Why?"], "How?", ["a.jpg", "Why?"], "How?"),
        (["a.jpg", "x" * 5000], None, ["a.jpg"], "x" * 5000),
    ],
)
def test_the_last_word_is_the_question_unless_it_is_a_photo(words, option, photos, question):
    assert split_question(words, option) == (photos, question)


def test_a_folder_is_no_question(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("album").mkdir()
    assert split_question(["a.jpg", "album"], None) == (["a.jpg", "album"], "")


def test_names_that_are_no_text_can_be_printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = photos_of(["a\udcff.png", "b.png"])
    assert len(given.files) == 2
    with pytest.raises(ImageError, match=r"ftp:.*\\udcff"):
        photos_of(["ftp://a\udcff"])


def test_adding_a_photo_again_adds_nothing_and_says_so(filled):
    views = lambda: len(json.loads(filled("views", "Bike", "--json").out))  # noqa: E731
    assert "was added already" not in filled("add", "Bike", "red.png").out
    assert views() == 2
    again = filled("add", "Bike", "red.png")
    assert (again.code, views()) == (0, 2)
    assert "red.png was added already: nothing is added for it" in again.out
    Path("copy.png").write_bytes(Path("red.png").read_bytes())
    filled("add", "Bike", "copy.png", "red.png")  # by content, whatever it is called
    assert views() == 2
    filled("add", "Bike", "red.png", "--box", "20,20,60,60")  # another place in it is another view
    filled("add", "Bike", "red.png", "--box", "20,20,60,60")
    assert views() == 3
    filled("add", "Cup", "blue.png")  # of another object it is another view
    assert len(json.loads(filled("views", "Cup", "--json").out)) == 3
