"""The option of a second opinion: who is asked when, what is said, and what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from llama_index.core.llms.mock import MockFunctionCallingLLM

from pekit_agents.errors import InvalidInput
from pekit_agents.testing import graded_profile
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_store import MemoryImageStore
from pekit_agents.tools.kit_pool import KitPool
from pekit_agents.tools.langchain.middleware import PersonalizationMiddleware
from pekit_agents.tools.langchain.toolkit import PersonalToolkit
from pekit_agents.tools.llama_index.agent import PersonalFunctionAgent
from pekit_agents.tools.llama_index.tools import PersonalToolSpec


class Judge:
    """Says the same whenever it is asked for an opinion, and counts that."""

    def __init__(self, opinion: str) -> None:
        self.opinion, self.asked, self.described = opinion, 0, 0

    def answer(self, image: Any, text: str) -> str:
        if "yes, no or unsure" in text:
            self.asked += 1
            return self.opinion
        self.described += 1
        return "A dog."


def opened(path: Path, judge: Any, red: bytes, **options: Any) -> PersonalActions:
    """Ann's red dog Biscuit is remembered, with a crop."""
    options = {"second_opinion": True, "keep_crops": True, **options}
    actions = PersonalActions.open(path, graded_profile(), answerer=judge, **options)
    actions.remember_object("ann", "Biscuit", "dog", "", [actions.images.put("ann", red)])
    return actions


def test_a_confirmed_match_is_named_and_says_why(tmp_path: Path, red: bytes, pale: bytes) -> None:
    actions = opened(tmp_path, judge := Judge("yes"), red)
    result = actions.find_personal_objects("ann", actions.images.put("ann", pale))
    assert result.text.startswith("1 sighting of personal objects in picture")
    assert "probability 36 %, named after a second look by the model" in result.text
    assert "possible" not in result.text
    (match,) = result.record["matches"]
    assert (match["opinion"], result.record["possible"]) == ("yes", [])
    assert judge.asked == 1


def test_a_denied_match_is_recorded_and_not_told(tmp_path: Path, red: bytes, pale: bytes) -> None:
    actions = opened(tmp_path, Judge("no"), red)
    result = actions.find_personal_objects("ann", actions.images.put("ann", pale))
    assert result.text.startswith("No personal object was found")
    assert [each["opinion"] for each in result.record["denied"]] == ["no"]


def test_what_the_profile_names_says_nothing_of_a_second_look(tmp_path: Path, red: bytes) -> None:
    actions = opened(tmp_path, judge := Judge("yes"), red)
    text = actions.find_personal_objects("ann", actions.images.put("ann", red)).text
    assert "second look" not in text
    assert judge.asked == 0


def test_descriptions_heed_it_and_corrections_do_not_ask(
    tmp_path: Path, red: bytes, pale: bytes
) -> None:
    actions = opened(tmp_path, judge := Judge("no"), red)
    handle = actions.images.put("ann", pale)
    assert actions.describe_personal("ann", "Who?", handle).record["possible"] == []
    assert (judge.asked, judge.described) == (1, 1)
    # The owner has the last word, whatever the model said.
    assert actions.correct_personal("ann", "Biscuit", "is", handle, 1).record["learnt"]
    assert judge.asked == 1


def test_it_is_off_unless_wanted(tmp_path: Path, red: bytes, pale: bytes) -> None:
    actions = opened(tmp_path, judge := Judge("yes"), red, second_opinion=False)
    result = actions.find_personal_objects("ann", actions.images.put("ann", pale))
    assert result.record["matches"] == []
    assert judge.asked == 0
    assert actions.opinion_model is None


def test_a_picture_is_asked_about_once(tmp_path: Path, red: bytes, pale: bytes) -> None:
    actions = opened(tmp_path, judge := Judge("yes"), red)
    handle = actions.images.put("ann", pale)
    texts = {actions.findings.view("ann", handle).text for _ in range(3)}
    actions.find_personal_objects("ann", handle)
    assert judge.asked == 1
    assert 'is called "Biscuit"' in texts.pop()


def test_it_needs_an_answerer_and_crops(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="expected an answerer to ask, found none; pass"):
        PersonalActions(KitPool(tmp_path), MemoryImageStore(), second_opinion=True)
    with pytest.raises(InvalidInput, match="expected an answerer to ask, found none; pass"):
        PersonalActions.open(tmp_path, second_opinion=True, keep_crops=True)
    with pytest.raises(InvalidInput, match=r"expected keep_crops=True.*found keep_crops=False"):
        PersonalActions.open(tmp_path, answerer=Judge("yes"), second_opinion=True)


@pytest.mark.parametrize(
    "open_it",
    [
        PersonalToolkit.open,
        PersonalizationMiddleware.open,
        PersonalToolSpec.open,
        lambda *args, **options: PersonalFunctionAgent.open(
            *args, llm=MockFunctionCallingLLM(), **options
        ),
    ],
    ids=["toolkit", "middleware", "tool spec", "agent"],
)
def test_whichever_door_one_comes_in_by(tmp_path: Path, open_it: Any) -> None:
    options = {"user_id": "ann", "profile": graded_profile(), "answerer": Judge("yes")}
    plain = open_it(tmp_path, **options)
    asking = open_it(tmp_path, **options, second_opinion=True, keep_crops=True)
    assert plain.actions.opinion_model is None
    assert asking.actions.opinion_model is options["answerer"]
