"""Whichever door one comes in by: what is asked of a kit when it is opened is heeded."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.llms.mock import MockFunctionCallingLLM

from pekit_agents.errors import ImageError, InvalidInput
from pekit_agents.images.limits import ImageLimits
from pekit_agents.kit.kit import PeKit
from pekit_agents.retrievers import langchain, llama_index
from pekit_agents.retrievers.photo_library.library import PhotoLibrary
from pekit_agents.testing import fake_profile, graded_profile, solid_scene
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_store import MemoryImageStore
from pekit_agents.tools.kit_pool import KitPool
from pekit_agents.tools.langchain.middleware import PersonalizationMiddleware
from pekit_agents.tools.langchain.toolkit import PersonalToolkit
from pekit_agents.tools.llama_index.agent import PersonalFunctionAgent
from pekit_agents.tools.llama_index.tools import PersonalToolSpec
from pekit_agents.tools.open_options import KitOptions, OpenOptions

PHOTO = solid_scene({"red": (9, 9, 60, 60)})


def kit_of_pool(path: Path | str, **options: Any) -> Any:
    return KitPool(path, fake_profile(), **options)("ann")


def kit_of_actions(path: Path | str, **options: Any) -> Any:
    return PersonalActions.open(path, fake_profile(), **options).open_kit("ann")


def kit_of_toolkit(path: Path | str, **options: Any) -> Any:
    return PersonalToolkit.open(path, profile=fake_profile(), **options).actions.open_kit("ann")


def kit_of_middleware(path: Path | str, **options: Any) -> Any:
    opened = PersonalizationMiddleware.open(path, profile=fake_profile(), **options)
    return opened.actions.open_kit("ann")


def kit_of_tool_spec(path: Path | str, **options: Any) -> Any:
    return PersonalToolSpec.open(path, profile=fake_profile(), **options).actions.open_kit("ann")


def kit_of_agent(path: Path | str, **options: Any) -> Any:
    opened = PersonalFunctionAgent.open(
        path, user_id="ann", profile=fake_profile(), llm=MockFunctionCallingLLM(), **options
    )
    return opened.actions.open_kit("ann")


def kit_of_photo_library(path: Path | str, **options: Any) -> Any:
    return PhotoLibrary.open(path, "ann", fake_profile(), **options).kit


def kit_of_langchain_retriever(path: Path | str, **options: Any) -> Any:
    opened = langchain.PersonalObjectRetriever.open(
        path, user_id="ann", profile=fake_profile(), **options
    )
    return opened.actions.open_kit("ann")


def kit_of_llama_index_retriever(path: Path | str, **options: Any) -> Any:
    opened = llama_index.PersonalObjectRetriever.open(
        path, user_id="ann", profile=fake_profile(), **options
    )
    return opened.actions.open_kit("ann")


REMEMBERING = [
    kit_of_pool,
    kit_of_actions,
    kit_of_toolkit,
    kit_of_middleware,
    kit_of_tool_spec,
    kit_of_agent,
    kit_of_photo_library,
]


OPENING = [*REMEMBERING, kit_of_langchain_retriever, kit_of_llama_index_retriever]


def test_the_options_are_those_of_the_verbs() -> None:
    _, *options = inspect.signature(PersonalActions.open).parameters
    assert set(options) == OpenOptions.__optional_keys__
    assert KitOptions.__optional_keys__ < OpenOptions.__optional_keys__


@pytest.mark.parametrize(
    "kit_of", [kit_of for kit_of in OPENING if kit_of is not kit_of_agent], ids=lambda f: f.__name__
)
def test_an_unknown_option_is_refused(tmp_path: Path, kit_of: Any) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'keep_crop'"):
        kit_of(tmp_path, keep_crop=True)


@pytest.mark.parametrize(
    "kit_of", [kit_of for kit_of in OPENING if kit_of not in (kit_of_pool, kit_of_photo_library)]
)
def test_all_options_are_taken(tmp_path: Path, kit_of: Any) -> None:
    options: OpenOptions = {
        "images": MemoryImageStore(),
        "answerer": lambda image, text: "yes",
        "second_opinion": True,
        "mode": "scene",
        "keep_crops": True,
        "limits": ImageLimits(),
        "strictness": None,
        "storage_options": None,
    }
    kit_of(tmp_path, **options).remember("Cup", PHOTO, category="mug")


@pytest.mark.parametrize("kit_of", REMEMBERING)
def test_crops_are_kept_on_request_only(tmp_path: Path, kit_of: Any) -> None:
    for number, options in enumerate(({}, {"keep_crops": True})):
        kit = kit_of(tmp_path, **options)
        kit.remember(f"Cup {number}", PHOTO, category="mug")
        (view,) = kit.views(f"Cup {number}")
        assert (view.crop is not None) == bool(options)


@pytest.mark.parametrize("kit_of", OPENING)
def test_limits_hold_and_a_remedy_is_named_to_those_who_have_it(
    tmp_path: Path, kit_of: Any
) -> None:
    kit = kit_of(tmp_path, limits=ImageLimits(max_pixels=9_000))
    kit.remember("Cup", solid_scene({"red": (9, 9, 60, 60)}, size=(90, 90)), category="mug")
    with pytest.raises(ImageError, match=r"at most 0\.009 megapixels") as refused:
        kit.find(PHOTO)
    assert ("ImageLimits" in str(refused.value)) == (kit_of is kit_of_photo_library)


@pytest.mark.parametrize("kit_of", OPENING)
def test_strictness_is_asked_of_every_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kit_of: Any
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "fake_profile", graded_profile)
    patches = solid_scene({"green": (20, 20, 90, 90)})
    unsure = solid_scene({"pale green": (30, 10, 110, 90)})
    named = {}
    for strictness in ("recall", "precision", None):
        kit = kit_of(tmp_path / str(strictness), strictness=strictness)
        kit.remember("Frog", patches, category="toy")
        finding = kit.find(unsure)
        regions = [region.box for region in finding.proposals]
        ((matches, _),) = kit.match_regions([(regions, finding.vectors)])
        assert [each.object.name for each in matches] == [m.object.name for m in finding.matches]
        named[strictness] = len(finding.matches), len(finding.possible)
        # What a call says goes before it.
        assert len(kit.find(unsure, strictness="recall").matches) == 1
        assert len(kit.find(unsure, strictness="balanced").matches) == 0
    assert named == {"recall": (1, 0), "precision": (0, 0), None: (0, 1)}


def test_a_strictness_that_is_none_is_refused_when_a_kit_is_opened(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="expected strictness 'recall', 'balanced'"):
        PeKit.open(tmp_path, graded_profile(), strictness="lenient")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="profile with a discriminant"):
        PeKit.open(tmp_path, fake_profile(), strictness="precision")


@pytest.mark.slow
@pytest.mark.parametrize("kit_of", OPENING)
def test_memories_lie_in_the_bucket_that_is_named(bucket: Any, kit_of: Any) -> None:
    kit = kit_of(bucket.uri, storage_options=bucket.options)
    kit.remember("Cup", PHOTO, category="mug")
    ann, bob = (
        PeKit.open(bucket.uri, kit.profile, user, storage_options=bucket.options)
        for user in ("ann", "bob")
    )
    assert [match.object.name for match in ann.find(PHOTO).matches] == ["Cup"]
    assert bob.objects() == []
