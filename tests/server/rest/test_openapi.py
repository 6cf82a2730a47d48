"""The OpenAPI says what the server does: schemathesis sends what it allows and what it does not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi import checks

from pekit_agents.server import create_app
from pekit_agents.testing import graded_profile
from tests.server.rest.conftest import ANN, OPENAPI, settings_for

schema = schemathesis.openapi.from_dict(
    OPENAPI,
    config=SchemathesisConfig.from_dict({"seed": 1, "generation": {"max-examples": 6}}),
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server that remembers a thing."""
    app = create_app(settings_for(tmp_path_factory.mktemp("api")), profile=graded_profile())
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [found]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{found.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@schema.parametrize()
@settings(max_examples=6, deadline=None, derandomize=True, database=None)
def test_the_server_does_what_its_openapi_says(case: Any, url: str):
    case.call_and_validate(
        base_url=url,
        headers={"Authorization": f"Bearer {ANN}"},
        excluded_checks=[
            checks.positive_data_acceptance,
        ],
    )
