"""A run is the same after a journey through its file."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.records import Draw, Named, Run, Trial
from pekit_agents.evaluation.runs.run_file import RUN_FILE, read_run, same_measurement, write_run
from pekit_agents.types import Box

TRIAL = Trial(
    photo="red/1.png",
    group="positive",
    shows=("red",),
    boxes={"red": (Box(0.0, 1.0, 20.0, 30.5),)},
    named=(Named("red", 0.9123, Box(1.0, 2.0, 3.0, 4.0), ("blue",), 0.75), Named("blue", 0.5)),
    scores={"red": 0.9123, "blue": -0.25},
    seconds=0.1234,
    about=("red",),
    possible=(Named("blue", -1.5, Box(0.0, 0.0, 9.0, 9.0), probability=0.1824),),
)
DRAW = Draw(
    recognizer="pekit",
    seed=3,
    refs=1,
    known=("blue", "red"),
    references={"red": ("red/0.png",), "blue": ("blue/0.png",)},
    trials=(TRIAL, replace(TRIAL, boxes={}, named=(), seconds=None, about=())),
    condition="half known",
)
RUN = Run(
    protocol="recognition",
    dataset="Björns Sachen",
    root="/data",
    settings={"refs": [1, 3], "mode": "auto"},
    versions={"numpy": "2.0"},
    draws=(DRAW,),
    seconds=12.5,
)


def test_a_run_is_read_as_it_was_written(tmp_path):
    write_run(RUN, tmp_path / "new" / "folder")
    assert read_run(tmp_path / "new" / "folder") == RUN
    assert read_run(tmp_path / "new" / "folder" / RUN_FILE) == RUN


def test_a_file_from_before_there_were_three_answers_is_read(tmp_path):
    path = write_run(RUN, tmp_path)
    content = json.loads(path.read_text("utf-8"))
    for trial in content["draws"][0]["trials"]:
        del trial["possible"]
        for named in trial["named"]:
            del named["probability"]
    path.write_text(json.dumps(content), "utf-8")
    trial = read_run(tmp_path).draws[0].trials[0]
    assert trial.possible == ()
    assert [named.probability for named in trial.named] == [None, None]
    assert trial.named[0].alternatives == ("blue",)


def test_numbers_are_rounded(tmp_path):
    named = Named("red", 0.123456, Box(0.123, 1.25, 2.0, 3.0), probability=0.98765)
    trial = replace(TRIAL, named=(named,), scores={"red": 0.123456}, seconds=1.23456)
    write_run(replace(RUN, draws=(replace(DRAW, trials=(trial,)),)), tmp_path)
    found = read_run(tmp_path).draws[0].trials[0]
    assert found.named[0].score == found.scores["red"] == 0.1235
    assert found.named[0].box == Box(0.1, 1.2, 2.0, 3.0)
    assert found.named[0].probability == 0.9877
    assert found.seconds == 1.2346


def test_a_file_is_replaced_whole_and_leaves_nothing_behind(tmp_path):
    write_run(RUN, tmp_path)
    write_run(replace(RUN, seconds=99.0), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [RUN_FILE]
    assert read_run(tmp_path).seconds == 99.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda run: {**run, "pekit_run": 99}, "schema 1 .* found 99"),
        (lambda run: {"something": "else"}, "found none"),
        (lambda run: [1, 2], "found none"),
        (lambda run: {key: run[key] for key in run if key != "draws"}, "damaged .*draws"),
        (lambda run: {**run, "draws": [{}]}, "damaged"),
        (lambda run: {**run, "draws": [None]}, "damaged"),
        (lambda run: {**run, "seconds": "long"}, r"damaged .*expected float @ run\.seconds"),
    ],
)
def test_another_file_is_refused_in_a_sentence(tmp_path, change, words):
    path = write_run(RUN, tmp_path)
    path.write_text(json.dumps(change(json.loads(path.read_text("utf-8")))), "utf-8")
    with pytest.raises(InvalidInput, match=words):
        read_run(tmp_path)


def test_no_file_and_no_json_are_one_sentence(tmp_path):
    with pytest.raises(InvalidInput, match="expected a run of `pekit eval`"):
        read_run(tmp_path)
    (tmp_path / RUN_FILE).write_text('{"draws": [', "utf-8")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_run(tmp_path)


def test_draws_may_stand_in_a_run_with_the_same_settings_only(tmp_path):
    write_run(RUN, tmp_path)
    stored = read_run(tmp_path)
    assert same_measurement(stored, replace(RUN, draws=(), seconds=0.0))
    assert not same_measurement(stored, replace(RUN, settings={"refs": [1]}))
    assert not same_measurement(stored, replace(RUN, versions={}))
    assert same_measurement(stored, replace(RUN, settings={"mode": "auto", "refs": (1, 3)}))
