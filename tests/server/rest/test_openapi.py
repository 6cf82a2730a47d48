"""The OpenAPI says what the server does: schemathesis sends what it allows and what it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi import checks

from pekit_agents.server import create_app
from pekit_agents.server.problems import PROBLEM_JSON
from pekit_agents.testing import graded_profile
from tests.server.rest.conftest import ANN, OPENAPI, running, settings_for

schema = schemathesis.openapi.from_dict(
    OPENAPI,
    config=SchemathesisConfig.from_dict({"seed": 1, "generation": {"max-examples": 6}}),
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server that remembers a thing."""
    app = create_app(settings_for(tmp_path_factory.mktemp("api")), profile=graded_profile())
    with running(app) as found:
        yield found


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("PUT", "/v1/objects", 405, "GET, POST"),
        ("QUERY", "/v1/objects/x", 405, "DELETE, GET, PATCH"),
        ("POST", "/v1/library/photos/a%2Fb", 405, "DELETE"),
        ("GET", "/v1/find", 405, "POST"),
        ("GET", "/v1/nothing", 404, None),
        ("DELETE", "/v1/", 404, None),
    ],
)
def test_what_is_not_there_is_a_problem_too(client, method, path, status, allow):
    answer = client.request(method, path, headers={"Authorization": f"Bearer {ANN}"})
    assert (answer.status_code, answer.headers.get("Allow")) == (status, allow)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_openapi_is_good_for_generators():
    """Readable ids, descriptions, a security scheme, and problems that are declared as such."""
    operations = [each for path in OPENAPI["paths"].values() for each in path.values()]
    ids = [each["operationId"] for each in operations]
    assert len(set(ids)) == len(ids) == 40
    assert {"introduce_object", "find_objects", "make_prompt"} <= set(ids)
    schemes = OPENAPI["components"]["securitySchemes"]
    assert [each["scheme"] for each in schemes.values()] == ["bearer"]
    for each in operations:
        assert each["summary"]
        assert each["description"]
        assert each["security"]
        for status, told in each["responses"].items():
            assert status < "300" or status == "304" or [*told["content"]] == [PROBLEM_JSON]
    for path, name in (
        ("/v1/find/stream", "PhotoLine"),
        ("/v1/find/video/stream", "ClipLine"),
        ("/v1/library/folder", "IndexedLine"),
    ):
        told = OPENAPI["paths"][path]["post"]["responses"]["200"]["content"]
        schema_of_line = told["application/x-ndjson"]["schema"]
        assert schema_of_line.get("title") == name or schema_of_line == {
            "$ref": f"#/components/schemas/{name}"
        }
    bodies = [each["requestBody"] for each in operations if "requestBody" in each]
    for body in bodies:
        told = next(iter(body["content"].values()))["schema"]
        assert told.get("title") or told["$ref"].startswith("#/components/schemas/")
        named = OPENAPI["components"]["schemas"].get(told.get("$ref", "").rpartition("/")[2])
        assert '"examples"' in json.dumps(named or told)


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=6, deadline=None, derandomize=True, database=None)
def test_the_server_does_what_its_openapi_says(case: Any, url: str):
    case.call_and_validate(
        base_url=url,
        headers={"Authorization": f"Bearer {ANN}"},
        # Of random bytes nothing is a photo, and a name of blanks is none.
        excluded_checks=[checks.positive_data_acceptance],
    )
