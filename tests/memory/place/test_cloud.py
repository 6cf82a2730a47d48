"""What is particular to a database of LanceDB Cloud, for which a local server stands in.

See also test_stores.py.
"""

from __future__ import annotations

import hashlib
import json

import pytest
from typer.testing import CliRunner

from pekit_agents.cli import app
from pekit_agents.errors import InvalidInput, MemoryStoreError
from pekit_agents.kit.kit import PeKit
from pekit_agents.memory import Memory
from pekit_agents.memory.place.cloud import cloud_place
from pekit_agents.retrievers.photo_library.library import PhotoLibrary
from pekit_agents.testing import fake_profile

pytestmark = pytest.mark.usefixtures("nothing_here")

URI = "db://things"


@pytest.fixture
def open_cloud(cloud):
    def make(**changes):
        arguments = {"user_id": "ann", "encoder_id": "tiny@1", "dim": 16, **changes}
        return Memory.open(URI, storage_options=cloud.options, **arguments)

    return make


def test_details_are_asked_for_at_once(open_cloud, cloud, thing, unit_vectors, some_details):
    memory = open_cloud()
    for i in range(15):
        memory.insert(thing(f"id-{i}"), unit_vectors(), details=[some_details(i)])
    cloud.requests.clear()
    assert len(memory.stored_features([f"id-{i}" for i in range(2, 15)] + ["nobody"])) == 13
    (query,) = [json.loads(body) for path, body in cloud.requests if "/query/" in path]
    assert query["columns"] == ["object_id", "views", "details"]
    assert "id-7" in query["filter"]


def test_a_search_fetches_neither_crops_nor_details(
    open_cloud, cloud, thing, unit_vectors, some_details
):
    open_cloud().insert(thing(), unit_vectors(), details=[some_details()])
    cloud.requests.clear()
    assert open_cloud().gallery().count == 1
    (query,) = [
        asked
        for asked in (json.loads(body) for path, body in cloud.requests if "/query/" in path)
        if "views" in asked["columns"]
    ]
    assert not {"crops", "masks", "details"} & set(query["columns"])


def test_a_wrong_key_is_told_without_showing_it(cloud, thing, unit_vectors):
    options = {**cloud.options, "api_key": "sk_a-wrong-one"}
    with pytest.raises(MemoryStoreError, match=r"401.*Check the API key") as caught:
        Memory.open(URI, user_id="ann", encoder_id="tiny@1", dim=16, storage_options=options)
    assert "sk_a-wrong-one" not in str(caught.value)


def test_a_server_that_is_away_is_told(open_cloud, cloud, thing, unit_vectors):
    memory = open_cloud()
    memory.insert(thing(), unit_vectors())
    cloud.stop()
    with pytest.raises(MemoryStoreError, match=r"could not be read.*can be reached"):
        memory.objects()
    with pytest.raises(MemoryStoreError, match=r"could not be written.*can be reached"):
        memory.insert(thing("id-2"), unit_vectors())


def test_more_views_than_fit_into_ram_are_refused_for_searching_alone(
    open_cloud, cloud, thing, unit_vectors
):
    memory = open_cloud(index_above=70)
    memory.insert(thing(), unit_vectors(40))
    assert memory.gallery().count == 1
    memory.insert(thing("id-2"), unit_vectors(40))
    with pytest.raises(MemoryStoreError, match=r"at most 70 views.*PEKIT_INDEX_ABOVE"):
        memory.gallery()
    assert len(memory.objects()) == 2
    memory.delete("id-1")
    assert memory.gallery().count == 1
    ann = hashlib.sha256(b"ann").hexdigest()
    tables = [path.stem for path in cloud.folder.glob("*/*.lance")]
    assert tables == [f"pekit_{ann}"]  # and none of an index


def test_what_needs_files_is_refused(open_cloud, cloud, thing, unit_vectors):
    memory = open_cloud()
    memory.insert(thing(), unit_vectors())
    kit = PeKit.open(URI, fake_profile(), "bob", storage_options=cloud.options)
    refused = {
        "bytes": memory.purge,
        "Optimizing": memory.compact,
        "anew": lambda: PeKit.reembed(URI, kit.profile, "ann", storage_options=cloud.options),
        "embedding": lambda: memory.replace_all([], encoder_id="other@1", dim=8, seen=[]),
        "review": lambda: memory.review.put("a1", {}),
        "photo library": lambda: PhotoLibrary.open(
            URI, profile=kit.profile, storage_options=cloud.options
        ),
    }
    for purpose, task in refused.items():
        with pytest.raises(InvalidInput, match=rf"(?i){purpose}.* needs files.*export"):
            task()
    assert kit.review.list() == []
    assert len(memory.objects()) == 1


@pytest.mark.parametrize(
    ("uri", "options", "says"),
    [
        (URI, None, "LANCEDB_API_KEY"),
        (URI, {"region": "eu-1"}, "LANCEDB_API_KEY"),
        (URI, {"api_key": ""}, "LANCEDB_API_KEY"),
        (URI, {"api_key": "sk_right", "aws_region": "x"}, "found aws_region$"),
        (URI, {"api_kee": "sk_secret"}, "found api_kee$"),
        ("db://", {"api_key": "sk_right"}, "the name of a database"),
        ("db://things/more", {"api_key": "sk_right"}, "the name of a database"),
    ],
)
def test_a_database_that_cannot_be_asked_for_is_refused(uri, options, says, cloud):
    with pytest.raises(InvalidInput, match=says) as caught:
        PeKit.open(uri, fake_profile(), "ann", storage_options=options)
    assert "sk_" not in str(caught.value)
    assert cloud.requests == []


def test_the_command_line_takes_the_key_from_the_environment(
    open_cloud, cloud, thing, unit_vectors, monkeypatch
):
    open_cloud(user_id="default").insert(thing(), unit_vectors())
    monkeypatch.setenv("LANCEDB_API_KEY", cloud.options["api_key"])
    monkeypatch.setenv("LANCEDB_REGION", "eu-1")
    monkeypatch.setenv("LANCEDB_HOST_OVERRIDE", cloud.options["host_override"])
    assert cloud_place(URI, {"region": "us-1"})._options["region"] == "us-1"
    run = CliRunner().invoke
    for command in (["optimize"], ["optimize", "--all"]):
        assert isinstance(run(app, [*command, "--memory", URI]).exception, InvalidInput)
    done = run(app, ["forget", "--all", "--yes", "--json", "--memory", URI])
    assert json.loads(done.stdout) == {"forgotten": True}
    assert open_cloud(user_id="default").objects() == ()
