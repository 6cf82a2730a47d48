"""What a command's words mean: names, ids and their beginnings, users and memories."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pekit_agents.cli.references import id_of, short_ids
from pekit_agents.errors import AmbiguousName


def objects(done) -> dict[str, str]:
    return {obj["name"]: obj["object_id"] for obj in json.loads(done.out)}


def test_ids_are_as_long_as_tells_them_apart():
    ids = ["0123456789abcdef" * 2, "01234567aa" + "0" * 22, "ruby-2014"]
    assert list(short_ids(ids).values()) == ["012345678", "01234567a", "ruby-2014"]
    assert short_ids(["0123456789abcdef" * 2]) == {"0123456789abcdef" * 2: "01234567"}
    assert short_ids([]) == {}


def test_the_beginning_of_an_id_stands_for_it_where_no_other_begins_so():
    ids = ["0123abcd", "0124abcd", "ruby-2014"]
    assert id_of("0123", ids) == id_of("0123ABCD", ids) == "0123abcd"
    assert [id_of(ref, ids) for ref in ("012", "9999", "ruby-2014")] == ["012", "9999", "ruby-2014"]
    with pytest.raises(AmbiguousName, match="2 begin with '012a'"):
        id_of("012a", ["012ab", "012ac"])


COMMANDS = [
    ("show", "{}"),
    ("views", "{}"),
    ("update", "{}", "--context", "Chipped."),
    ("add", "{}", "red.png"),
    ("confirm", "{}", "red.png"),
    ("reject", "{}", "blue.png"),
    ("clear-corrections", "{}"),
    ("merge", "{}", "Bike", "--yes"),
    ("forget", "{}", "--yes"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_command_takes_the_id_that_list_shows(filled, command):
    whole = objects(filled("list", "--json"))["Cup"]
    short = whole[:8]
    table = filled("list").out
    assert short in table
    assert whole not in table
    done = filled(*(part.format(short) for part in command))
    assert done.code == 0, done.err


def test_ids_of_views_may_be_short_too(filled):
    view_id = json.loads(filled("views", "Cup", "--json").out)[0]["view_id"]
    (left,) = json.loads(filled("remove-view", "Cup", view_id[:5], "--json").out)
    assert left["n_views"] == 1


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_misspelt_name_is_answered_with_the_right_one(filled, command):
    done = filled(*(part.format("Cpu") for part in command))
    assert (done.code, done.out) == (1, "")
    assert "Did you mean 'Cup'?" in done.err
    assert set(objects(filled("list", "--json"))) == {"Cup", "Bike"}


SEARCHES = [
    ("find", "red.png"),
    ("prompt", "red.png"),
    ("describe", "red.png", "What?", "--model", "nobody/none"),
    ("export", "empty.pekit"),
    ("reembed",),
    *COMMANDS,
]


@pytest.mark.parametrize("command", SEARCHES, ids=lambda command: command[0])
def test_nothing_remembered_is_not_nothing_recognised(filled, command):
    done = filled(*(part.format("Cup") for part in command), "-u", "bob")
    assert (done.code, done.out) == (1, "")
    assert "Nothing is remembered yet in pekit-memory for user 'bob'" in done.err
    assert not Path("empty.pekit").exists()


@pytest.mark.parametrize("command", [SEARCHES[0], ("show", "Cup")], ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("-m", "pekit-memry"), "there is no such folder. Check --memory, or begin with"),
        (("-m", "pekit-memry"), "Did you mean 'pekit-memory'?"),
        (("-m", "other"), "there is no memory in the folder."),
        (("-u", "Default"), "though 1 other user has a memory there. Check --user. Did you mean"),
    ],
    ids=["absent", "misspelt", "no memory", "user"],
)
def test_what_may_be_meant_is_said_and_no_memory_is_made(filled, command, options, says):
    Path("other").mkdir()
    before = sorted(Path().rglob("*"))
    done = filled(*(part.format("Cup") for part in command), *options)
    assert (done.code, done.out) == (1, "")
    assert "Nothing is remembered yet in " in done.err
    assert says in done.err
    assert sorted(Path().rglob("*")) == before


def test_a_memory_of_which_everything_was_forgotten_says_so(filled):
    for name in ("Cup", "Bike"):
        assert filled("forget", name, "--yes").code == 0
    done = filled("find", "red.png")
    assert (done.code, done.out) == (1, "")
    assert "for user 'default': begin with `pekit remember`." in done.err
    assert "begin with `pekit remember`" in filled("list").out


def test_list_says_where_it_looked_and_is_no_error(filled):
    done = filled("list", "--memory", "pekit-memry")
    assert done.code == 0
    assert "there is no such folder" in done.out
    assert not Path("pekit-memry").exists()
