"""What a kit keeps beside the memory, in a bucket; and the command line there."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from pekit_agents import profiles
from pekit_agents.cli import app
from pekit_agents.errors import EncoderMismatch, MemoryStoreError, ObjectNotFound
from pekit_agents.kit.kit import PeKit
from pekit_agents.memory import forget_user
from pekit_agents.retrievers.photo_library.library import PhotoLibrary
from pekit_agents.testing import fake_profile, graded_profile, solid_scene

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nothing_here")]


def test_a_memory_in_a_bucket_is_embedded_anew_where_it_is(bucket):
    options = {"user_id": "ann", "storage_options": bucket.options}
    photo = solid_scene({"red": (20, 20, 90, 90)})
    old = PeKit.open(bucket.uri, fake_profile(), keep_crops=True, **options)
    old.remember("Cup", photo, category="mug")
    kit = PeKit.reembed(bucket.uri, fake_profile("colour@2"), **options)
    assert [match.object.name for match in kit.find(photo).matches] == ["Cup"]
    with pytest.raises(EncoderMismatch):
        old.find(photo)


def test_a_photo_library_lies_in_the_bucket_too(bucket):
    options = {"storage_options": bucket.options}
    photo = solid_scene({"red": (20, 20, 90, 90)})
    library = PhotoLibrary.open(bucket.uri, "ann", fake_profile(), **options)
    library.kit.remember("Cup", photo, category="mug")
    library.index([("one", photo), ("two", solid_scene({"blue": (20, 20, 90, 90)}))])
    again = PhotoLibrary.open(bucket.uri, "ann", fake_profile(), **options)
    assert [found.photo_id for found in again.search(["Cup"])] == ["one"]
    newer = fake_profile("colour@2")
    forget_user(bucket.uri, "ann", bucket.options)
    assert PhotoLibrary.open(bucket.uri, "ann", newer, **options).photo_ids() == []


@pytest.fixture
def doubtful(bucket):
    """A kit in the bucket for which pale red may be red, and what it finds in a photo of it."""
    kit = PeKit.open(bucket.uri, graded_profile(), "ann", storage_options=bucket.options)
    kit.remember("Cup", solid_scene({"red": (20, 20, 90, 90)}), category="mug")
    kit.remember("Bike", solid_scene({"blue": (20, 20, 90, 90)}), category="bike")
    photo = solid_scene({"pale red": (20, 20, 90, 90)})
    return kit, lambda: kit.find(photo)


def test_the_review_queue_lies_in_the_bucket_too(doubtful, bucket):
    kit, finding = doubtful
    (item,) = kit.review.keep(finding(), label="IMG_1.jpg")
    kit.review.keep(finding(), label="IMG_2.jpg")
    elsewhere, bob = (
        PeKit.open(bucket.uri, kit.profile, user, storage_options=bucket.options)
        for user in ("ann", "bob")
    )
    assert [item.label for item in elsewhere.review.list()] == ["IMG_1.jpg", "IMG_2.jpg"]
    assert elsewhere.review.list()[0].to_dict() == item.to_dict()
    assert elsewhere.review.list()[0].picture == item.picture is not None
    assert bob.review.list() == []
    elsewhere.review.dismiss(item.review_id)
    assert [item.label for item in kit.review.list()] == ["IMG_2.jpg"]
    kit.review.clear()
    assert elsewhere.review.list() == []
    # pyarrow leaves an empty file that stands for the folder.
    assert [key for key in bucket.content() if "/review/" in key and not key.endswith("/")] == []


def test_what_is_decided_in_the_queue_of_a_bucket_is_learnt(doubtful):
    kit, finding = doubtful
    (item,) = kit.review.keep(finding())
    assert [obj.n_negatives for obj in kit.review.reject(item.review_id)] == [1]
    assert kit.review.keep(finding()) == kit.review.list() == []
    kit.clear_corrections("Cup")
    (item,) = kit.review.keep(finding())
    assert kit.review.confirm(item.review_id).n_views == 2
    assert kit.review.list() == []
    assert [match.object.name for match in finding().matches] == ["Cup"]
    with pytest.raises(ObjectNotFound, match="decided on already"):
        kit.review.confirm(item.review_id)


def test_items_in_a_bucket_go_with_what_they_are_about(doubtful, bucket):
    kit, finding = doubtful
    (item,) = kit.review.keep(finding(), label="the-kitchen")
    kit.forget("Bike")
    assert [left.review_id for left in kit.review.list()] == [item.review_id]
    assert any(b"the-kitchen" in content for content in bucket.content().values())
    kit.forget("Cup")
    assert not any(b"the-kitchen" in content for content in bucket.content().values())


def test_in_a_bucket_too_a_memory_that_was_forgotten_is_not_begun_again(doubtful, bucket):
    kit, finding = doubtful
    found = finding()
    kit.forget_everything()
    with pytest.raises(MemoryStoreError):
        kit.review.keep(found)
    assert bucket.content() == {}


@pytest.mark.parametrize("endpoint", ["AWS_ENDPOINT", "AWS_ENDPOINT_URL"])
def test_at_a_terminal_the_environment_says_where_the_bucket_is(
    doubtful, bucket, tmp_path, monkeypatch, endpoint
):
    kit, finding = doubtful
    (item,) = kit.review.keep(finding())
    monkeypatch.setitem(profiles.PROFILES, "pinkish", lambda: kit.profile)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        endpoint: bucket.options["aws_endpoint"],
        "AWS_ALLOW_HTTP": "true",
        "PEKIT_MEMORY": bucket.uri,
        "PEKIT_USER": "ann",
        "PEKIT_PROFILE": "pinkish",
    }.items():
        monkeypatch.setenv(name, value)

    def pekit(*arguments):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return done.stdout

    finding().image.save(tmp_path / "pink.png")
    pekit("find", str(tmp_path / "pink.png"), "--review")
    listed = json.loads(pekit("review", "list", "--json"))
    assert [one["label"] for one in listed] == ["", str(tmp_path / "pink.png")]
    pekit("review", "reject", item.review_id)
    assert kit.get("Cup").n_negatives == 1
    pekit("review", "dismiss", "--all")
    assert kit.review.list() == []
    pekit("forget", "--all", "--yes")
    assert bucket.content() == {}
