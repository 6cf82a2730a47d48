from __future__ import annotations

import pytest

from pekit_agents import errors
from pekit_agents.server.problems import problem_of
from pekit_agents.server.work import ServerBusy, TooManyRequests
from pekit_agents.tools.action_result import ActionError
from pekit_agents.tools.clip_store import UnknownClip
from pekit_agents.tools.image_store import UnknownImage

CASES = [
    (UnknownImage, 404, "picture-not-found", None),
    (UnknownClip, 404, "clip-not-found", None),
    (errors.ClipError, 422, "unreadable-clip", None),
    (errors.ImageError, 422, "unreadable-picture", None),
    (errors.InvalidInput, 422, "invalid-input", None),
    (errors.NoObjectFound, 422, "no-object-found", None),
    (errors.ObjectNotFound, 404, "not-found", None),
    (errors.ObjectExists, 409, "name-taken", None),
    (errors.ObjectChanged, 412, "changed-meanwhile", None),
    (errors.AmbiguousName, 409, "ambiguous-name", None),
    (TooManyRequests, 429, "too-many-requests", "2"),
    (ServerBusy, 503, "busy", "5"),
    (errors.WriteConflict, 503, "write-conflict", "5"),
    (errors.ProfileError, 501, "not-set-up", None),
    (errors.MissingDependency, 501, "not-set-up", None),
    (errors.ModelError, 501, "not-set-up", None),
    (errors.FormatNotInstalled, 422, "unreadable-picture", None),
    (errors.MemoryStoreError, 503, "memory-unavailable", "5"),
    (errors.EncoderMismatch, 503, "memory-unavailable", "5"),
    (errors.SchemaMismatch, 503, "memory-unavailable", "5"),
    (errors.PeKitError, 400, "refused", None),
]


def test_every_error_of_the_toolkit_has_a_row():
    def below(kind):
        return {kind}.union(*(below(each) for each in kind.__subclasses__()))

    public = {each for each in below(errors.PeKitError) if each.__module__ == errors.__name__}
    assert len(public) > 10
    assert public <= {kind for kind, *_ in CASES}


@pytest.mark.parametrize(("kind", "status", "name", "wait"), CASES)
@pytest.mark.parametrize("by_a_verb", [False, True])
def test_an_error_is_a_problem_with_the_words_of_the_error(kind, status, name, wait, by_a_verb):
    error = kind("expected one, found none")
    if by_a_verb:  # which says more, and is raised from what it was
        told = ActionError("expected one, found none; do it")
        told.__cause__ = error
    else:
        told = error
    problem = problem_of(told)
    assert problem.body() == {
        "type": f"urn:pekit-agents:problem:{name}",
        "title": problem.title,
        "status": status,
        "detail": str(told),
    }
    assert problem.headers.get("Retry-After") == wait


def test_a_photo_that_was_sent_is_not_called_by_its_size():
    told = problem_of(errors.ImageError("<bytes, 3 of them>: expected a photo, found none"))
    assert told.detail == "expected a photo, found none"
