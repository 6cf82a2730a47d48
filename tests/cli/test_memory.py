"""The commands on what is remembered, on the fake vision tools."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from PIL import Image

from pekit_agents.memory.table import maintenance
from pekit_agents.testing import solid_scene


def read(done):
    assert done.code == 0, done.err
    return json.loads(done.out)


def names(pekit, *args):
    return [obj["name"] for obj in read(pekit("list", "--json", *args))]


def test_update_changes_what_is_given(filled):
    done = filled("update", "cup", "--name", "Tea cup", "--context", "Chipped.")
    assert (done.code, "Tea cup" in done.out) == (0, True)
    (changed,) = read(filled("update", "Tea cup", "-c", "cup", "--purge", "--json"))
    assert (changed["category"], changed["context"]) == ("cup", "Chipped.")


def test_merge_asks_and_makes_one_of_two(filled):
    assert filled("merge", "Cup", "Bike", stdin="n\n").code == 1
    assert names(filled) == ["Cup", "Bike"]
    asked = filled("merge", "Cup", "Bike", stdin="y\n")
    assert "Move all views of Bike to Cup and forget it for good?" in asked.out
    (merged,) = read(filled("list", "--json"))
    assert (merged["name"], merged["n_views"]) == ("Cup", 3)


def test_views_are_listed_and_removed(filled):
    first, second = read(filled("views", "Cup", "--json"))
    assert first["has_crop"]
    table = filled("views", "cup").out
    assert first["view_id"] in table
    assert "kept" in table
    (left,) = read(filled("remove-view", "Cup", first["view_id"], "--json"))
    assert left["n_views"] == 1
    assert [view["view_id"] for view in read(filled("views", "Cup", "--json"))] == [
        second["view_id"]
    ]


def test_what_is_wrong_is_rejected_and_what_is_right_confirmed(filled, tmp_path):
    picture = Image.new("RGB", (160, 120), (128, 128, 128))
    for name, colour in (("pink", (255, 68, 68)), ("sky", (66, 66, 255))):
        picture.paste(colour, (20, 20, 90, 90))
        picture.save(f"{name}.png")
    found = lambda photo: [m["name"] for m in read(filled("find", photo, "--json"))["matches"]]  # noqa: E731
    assert found("pink.png") == ["Cup"]
    (cup,) = read(filled("reject", "cup", "pink.png", "sky.png", "--json"))
    assert (cup["n_views"], cup["n_negatives"]) == (2, 2)
    assert (found("pink.png"), found("sky.png"), found("red.png")) == ([], ["Bike"], ["Cup"])
    assert " 2 " in filled("list").out
    (cleared,) = read(filled("clear-corrections", "Cup", "--json"))
    assert cleared["n_negatives"] == 0
    (cup,) = read(filled("confirm", "Cup", "pink.png", "sky.png", "--keep-crops", "--json"))
    assert cup["n_views"] == 4
    assert (found("pink.png"), found("sky.png")) == (["Cup"], ["Cup"])
    assert [view["has_crop"] for view in read(filled("views", "Cup", "--json"))] == [True] * 4


@pytest.fixture
def graded(pekit, monkeypatch):
    """Work with probabilities; pink.png may show the cup."""
    monkeypatch.setenv("PEKIT_PROFILE", "graded")
    solid_scene({"pale red": (20, 20, 90, 90)}).save("pink.png")
    for name, photo, category in (("Cup", "red.png", "mug"), ("Bike", "blue.png", "bike")):
        assert pekit("remember", name, photo, "-c", category).code == 0
    return pekit


def rows(done):
    """Return the cells of a printed table, row by row."""
    lines = [line for line in done.out.splitlines() if line[:1] in "┃│"]
    return [[cell.strip() for cell in re.split("[┃│]", line)[1:-1]] for line in lines]


def test_find_prints_the_three_answers_with_their_probabilities(graded):
    solid_scene({"pale red": (16, 16, 64, 64), "blue": (80, 16, 152, 64)}).save("both.png")
    assert rows(graded("find", "both.png")) == [
        ["answer", "category", "probability", "region", "box (xyxy, px)"],
        ["Bike", "bike", "99 %", "1", "80, 16, 152, 64"],
        ["may be Cup", "mug", "33 %", "2", "16, 16, 64, 64"],
    ]
    assert rows(graded("find", "pink.png"))[1:] == [
        ["may be Cup", "mug", "36 %", "1", "20, 20, 90, 90"]
    ]
    solid_scene({"green": (20, 20, 90, 90)}).save("green.png")
    assert "None of your objects (1 region compared)." in graded("find", "green.png").out
    assert graded("remember", "Mug", "red.png", "-c", "mug").code == 0
    assert rows(graded("find", "red.png"))[1:] == [
        ["Cup or Mug", "mug", "50 % or 50 %", "1", "20, 20, 90, 90"]
    ]


def test_find_without_probabilities_prints_scores(filled):
    assert rows(filled("find", "red.png")) == [
        ["answer", "category", "score", "region", "box (xyxy, px)"],
        ["Cup", "mug", "1.00", "1", "20, 20, 90, 90"],
    ]


def test_json_keeps_what_is_possible_apart(graded, tmp_path):
    found = read(graded("find", "pink.png", "--out", "found.png", "--json"))
    (possible,) = found["possible"]
    assert (found["matches"], possible["name"], possible["possible"]) == ([], "Cup", True)
    assert possible["probability"] == pytest.approx(0.36, abs=0.03)
    assert Image.open("found.png").tobytes() != Image.open("pink.png").tobytes()
    made = read(graded("prompt", "pink.png", "Which cup?", "--json"))
    assert (made["matches"], [each["name"] for each in made["possible"]]) == ([], ["Cup"])
    assert 'may be "Cup"' in made["text"]


def test_a_threshold_is_for_profiles_without_probabilities(graded):
    done = graded("find", "pink.png", "--threshold", "0.5")
    assert (done.code, done.out) == (1, "")
    assert "expected a strictness, found a threshold" in done.err
    help_text = " ".join(graded("find", "--help").out.replace("│", " ").split())
    assert "for profiles without a discriminant" in help_text


def test_what_is_possible_is_confirmed_or_rejected(graded):
    (cup,) = read(graded("reject", "Cup", "pink.png", "--json"))
    assert (cup["n_views"], cup["n_negatives"]) == (1, 1)
    assert read(graded("find", "pink.png", "--json"))["possible"] == []
    graded("clear-corrections", "Cup")
    (cup,) = read(graded("confirm", "Cup", "pink.png", "--json"))
    assert cup["n_views"] == 2
    (match,) = read(graded("find", "pink.png", "--json"))["matches"]
    assert match["name"] == "Cup"


def test_rejecting_a_photo_again_adds_nothing(graded, monkeypatch):
    graded("reject", "Cup", "pink.png")
    with monkeypatch.context() as patched:
        patched.setattr("pekit_agents.PeKit.not_mine", None)  # finds other views in real photos
        (cup,) = read(graded("reject", "Cup", "pink.png", "--json"))
    assert cup["n_negatives"] == 1


def test_one_region_of_several_is_confirmed_or_rejected(graded):
    solid_scene({"pale red": (20, 20, 60, 60), "pale blue": (80, 20, 140, 90)}).save("both.png")
    regions = {
        m["name"]: m["region"] for m in read(graded("find", "both.png", "--json"))["possible"]
    }
    (bike,) = read(graded("confirm", "Bike", "both.png", "--region", str(regions["Cup"]), "--json"))
    assert bike["n_views"] == 2
    (cup,) = read(graded("reject", "Cup", "both.png", "--region", str(regions["Bike"]), "--json"))
    assert cup["n_negatives"] == 2
    done = graded("reject", "Cup", "both.png", "pink.png", "--region", "1")
    assert (done.code, "expected one photo, found 2" in " ".join(done.err.split())) == (2, True)


def test_a_photo_of_which_nothing_can_be_learnt_does_not_stop_the_others(graded):
    Image.new("RGB", (90, 90), (128, 128, 128)).save("grey.png")
    for verb, learnt in (("reject", "n_negatives"), ("confirm", "n_views")):
        before = read(graded("show", "Cup", "--json"))[learnt]
        done = graded(verb, "Cup", "grey.png", "gone.png", "pink.png", "--json")
        assert (done.code, json.loads(done.out)[0][learnt]) == (1, before + 1)
        assert [line.split(":")[0] for line in done.err.split("\n") if line] == [
            "Nothing was learnt from grey.png",
            "Nothing was learnt from gone.png",
        ]


def test_doubtful_matches_are_kept_and_decided_on(graded, tmp_path):
    def keep():
        done = graded("find", "pink.png", "--review")
        (item,) = read(graded("review", "list", "--out", "doubts", "--json"))
        assert done.out.endswith(
            f"Kept 1 doubtful match for review: {item['review_id']}. `pekit review list -p graded` "
            "shows what waits; decide with `pekit review confirm ID`, `reject ID` or `dismiss "
            "ID`.\n"
        )
        return item["review_id"]

    first = keep()
    assert Image.open(tmp_path / "doubts" / f"{first}.jpg").format == "JPEG"
    assert rows(graded("review", "list")) == [
        ["id", "answer", "why", "probability", "photo"],
        [first, "may be Cup", "possible", "36 %", "pink.png"],
    ]
    (rejected,) = read(graded("review", "reject", first, "--json"))
    assert rejected["n_negatives"] == 1
    graded("clear-corrections", "Cup")
    (confirmed,) = read(graded("review", "confirm", keep(), "Bike", "--json"))
    assert (confirmed["name"], confirmed["n_views"]) == ("Bike", 2)
    assert read(graded("review", "list", "--json")) == []
    assert graded("review", "dismiss").code == 2
    assert graded("review", "dismiss", first).code == 1
    assert graded("review", "dismiss", "--all").code == 0


def test_show_writes_the_kept_crops(filled, tmp_path):
    done = filled("show", "Cup", "--out", "crops")
    ids = [view["view_id"] for view in read(filled("views", "Cup", "--json"))]
    assert sorted(path.stem for path in (tmp_path / "crops").iterdir()) == sorted(ids)
    assert all(f"{view_id}.jpg" in done.out for view_id in ids)
    assert Image.open(tmp_path / "crops" / f"{ids[0]}.jpg").format == "JPEG"
    assert "--force" in filled("show", "Cup", "--out", "crops").err
    assert filled("show", "Cup", "--out", "crops", "--force").code == 0


def test_a_memory_moves_in_one_file(filled, tmp_path):
    done = filled("export", "ann.pekit")
    assert "Exported to ann.pekit (objects: 2, views: 3, crops: 2)." in done.out
    assert filled("export", "ann.pekit").code == 1
    assert read(filled("export", "ann.pekit", "--force", "--json"))["objects"] == 2
    imported = filled("import", "ann.pekit", "--user", "bob")
    assert (imported.code, "Bike" in imported.out) == (0, True)
    assert names(filled, "--user", "bob") == ["Cup", "Bike"]
    refused = filled("import", "ann.pekit", "--user", "bob")
    assert (refused.code, "taken" in refused.err) == (1, True)
    skipped = filled("import", "ann.pekit", "--user", "bob", "--on-conflict", "skip")
    assert "Nothing was imported." in skipped.out
    renamed = read(filled("import", "ann.pekit", "-u", "bob", "--on-conflict", "rename", "--json"))
    assert [obj["name"] for obj in renamed] == ["Cup (2)", "Bike (2)"]


def test_forget_all_asks_and_leaves_nothing(filled, tmp_path):
    assert filled("forget", "--all", stdin="n\n").code == 1
    assert len(names(filled)) == 2
    done = filled("forget", "--all", "--yes")
    assert "Forgot everything in pekit-memory for user 'default'." in done.out
    assert list((tmp_path / "pekit-memory").iterdir()) == []
    assert read(filled("forget", "--all", "--yes", "--json")) == {"forgotten": False}


def test_forgetting_that_could_not_erase_the_bytes_says_so_and_is_finished_by_repeating_it(
    filled, monkeypatch
):
    name = names(filled)[0]

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(maintenance, "purge", full)
        failed = filled("forget", name, "--yes")
        assert failed.code == 1
        assert "is gone" in " ".join(failed.err.split())
    assert name not in names(filled)
    assert filled("forget", name).out == f"Forgot {name}.\n"
    assert filled("forget", name).code == 1


def test_a_memory_that_cannot_be_opened_can_be_forgotten(filled, tmp_path):
    for manifest in tmp_path.rglob("*.manifest"):
        manifest.write_bytes(b"garbage")
    assert filled("list").code == 1
    assert filled("forget", "--all", "--yes").code == 0
    assert names(filled) == []


def test_reembed_carries_over_what_has_crops_and_names_what_has_none(filled):
    refused = filled("reembed", "--profile", "newer")
    assert (refused.code, '"Bike"' in refused.err) == (1, True)
    filled("forget", "Bike", "--yes")
    done = filled("reembed", "--profile", "newer")
    assert "Embedded with colour@2 (objects: 1)." in done.out
    assert names(filled, "--profile", "newer") == ["Cup"]
    old = filled("list")
    assert (old.code, "written with encoder colour@2" in old.err) == (1, True)


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["update", "Cup"], 1, "expected a new name, category or context"),
        (["update", "Cup", "--name", "Bike"], 1, "expected a name that is free"),
        (["update", "Nobody", "--name", "x"], 1, "Nobody"),
        (["merge", "Cup", "Cup", "--yes"], 1, "two objects to merge"),
        (["merge", "Cup", "Cup"], 1, "two objects to merge"),  # without asking
        (["merge", "Cup", "Nobody", "--yes"], 1, "Nobody"),
        (["views", "Nobody"], 1, "Nobody"),
        (["remove-view", "Cup", "nothing"], 1, "no view"),
        (["show", "Bike", "--out", "crops"], 1, "--keep-crops"),
        (["export", "no/folder/file"], 1, "expected a folder"),
        (["import", "nowhere.pekit"], 1, "found none at nowhere.pekit"),
        (["import", "red.png"], 1, "nothing was imported"),
        (["import", "red.png", "--on-conflict", "merge"], 2, "merge"),
        (["forget"], 2, "--all"),
        (["forget", "Cup", "--all"], 2, "--all"),
    ],
)
def test_mistakes_are_told_in_a_sentence_and_change_nothing(filled, args, code, says):
    done = filled(*args)
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert "Traceback" not in done.err
    assert names(filled) == ["Cup", "Bike"]


def test_a_name_that_looks_like_markup_is_printed_as_it_is(filled):
    filled("update", "Cup", "--name", "[red]Cup[/]")
    assert "Views of [red]Cup[/]" in filled("views", "[red]Cup[/]").out
    assert "Forgot [red]Cup[/]." in filled("forget", "[red]Cup[/]", "--yes").out


@pytest.mark.parametrize("command", [("list",), ("optimize",), ("forget", "--all", "--yes")])
def test_the_uri_of_a_memory_arrives_as_it_was_typed(pekit, command):
    answer = pekit(*command, "--memory", "gs://bucket/memories")
    assert answer.code == 1
    assert "expected a folder, an s3:// or a db:// URI, found 'gs://bucket/memories'" in answer.err


COMMANDS_ON_A_MEMORY = [
    ("list",),
    ("show", "Cup"),
    ("views", "Cup"),
    ("remember", "Hat", "red.png", "-c", "hat"),
    ("add", "Cup", "red.png"),
    ("find", "red.png"),
    ("update", "Cup", "--context", "x"),
    ("forget", "Cup", "--yes"),
    ("forget", "--all", "--yes"),
    ("forget", "--all"),
    ("optimize",),
    ("optimize", "--all"),
    ("import", "memory.pekit"),
    ("export", "other.pekit"),
    ("reembed",),
    ("review", "list"),
]


@pytest.mark.parametrize("command", COMMANDS_ON_A_MEMORY, ids=" ".join)
@pytest.mark.parametrize("memory", ["afile", "afile/memory"])
def test_a_memory_that_is_a_file_is_told_as_one_by_every_command(filled, tmp_path, command, memory):
    filled("export", "memory.pekit")
    (tmp_path / "afile").write_bytes(b"notes")
    done = filled(*command, "--memory", memory)
    assert (done.code, done.out) == (1, "")
    said = " ".join(done.err.split())
    assert f"expected a folder for the memory, found a file at {tmp_path / 'afile'}" in said
    assert "choose a folder" in said
    assert (tmp_path / "afile").read_bytes() == b"notes"


@pytest.mark.parametrize("command", [("optimize",), ("optimize", "--all")])
def test_a_memory_that_does_not_exist_cannot_be_optimized(filled, tmp_path, monkeypatch, command):
    monkeypatch.setattr(maintenance, "GRACE", timedelta())  # nobody reads what is replaced
    done = filled(*command, "--memory", "pekit-memori")
    assert (done.code, done.out) == (1, "")
    assert "there is no such folder. Check --memory" in done.err
    assert "Did you mean 'pekit-memory'?" in done.err
    assert not (tmp_path / "pekit-memori").exists()
    assert filled("optimize", "--user", "nobody").code == 1
    assert "Optimized 1 memory." in filled(*command).out


def test_only_what_was_learnt_is_headed_so(filled):
    for command in ("reject", "confirm"):
        done = filled(command, "Bike", "nofile.jpg")
        assert (done.code, "Learnt" in done.out, "Unchanged" in done.out) == (1, False, True)
        assert "Nothing was learnt from nofile.jpg" in done.err
    assert "Learnt" in filled("reject", "Bike", "red.png").out
    again = filled("reject", "Bike", "red.png")
    assert (again.code, "Unchanged" in again.out) == (0, True)
