"""A real server over real memories, with two users; only the vision tools are fakes.

Whatever it answers in these tests is compared with its OpenAPI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from starlette.testclient import TestClient

from pekit_agents.server import ServerSettings, create_app, rest
from pekit_agents.server.tokens import hash_of
from pekit_agents.testing import graded_profile, solid_scene, to_png

ANN, BOB = "ann-" + "a" * 16, "bob-" + "b" * 16
URL = "http://127.0.0.1:8321"

_described = FastAPI()
_described.include_router(rest.router)
OPENAPI = _described.openapi()
_SCHEMA = schemathesis.openapi.from_dict(OPENAPI)


def photo_of(*colours: str) -> bytes:
    """A photo with a patch of each colour, from left to right."""
    places = ((5, 10, 50, 110), (60, 10, 100, 60), (110, 10, 155, 60))
    return to_png(solid_scene(dict(zip(colours, places, strict=False))))


def settings_for(folder: Path, **given: Any) -> ServerSettings:
    tokens = {hash_of(ANN): "ann", hash_of(BOB): "bob"}
    return ServerSettings(**{"memory": str(folder / "memory"), "tokens": tokens, **given})


@dataclass(frozen=True)
class User:
    """Who sends requests with a token."""

    client: TestClient
    token: str

    def __call__(self, method: str, path: str, **given: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **given.pop("headers", {})}
        answer = self.client.request(method, path, headers=headers, **given)
        answer.request.read()
        told = _SCHEMA.find_operation_by_path(method, answer.url.raw_path.decode().split("?")[0])
        assert told is not None, f"{method} {path} is not in the OpenAPI"
        told.validate_response(answer)
        assert str(answer.status_code) in told.definition.raw["responses"]
        return answer

    def introduce(self, name: str, colour: str = "red", **headers: str) -> dict[str, Any]:
        answer = self(
            "POST",
            "/v1/objects",
            data={"name": name, "category": "dog"},
            files={"photos": ("a.png", photo_of(colour))},
            headers=headers,
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def send(self, *colours: str) -> str:
        """Send a photo and return its handle."""
        answer = self("POST", "/v1/pictures", files={"photo": ("p.png", photo_of(*colours))})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["picture"])


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[..., TestClient]]:
    """Make a server with other settings: a client of it, without a token."""
    open_clients = []

    def serve(**given: Any) -> TestClient:
        profile = given.pop("profile", None) or graded_profile()
        app: FastAPI = create_app(settings_for(tmp_path, **given), profile=profile)
        client = TestClient(app, base_url=URL)
        client.__enter__()
        open_clients.append(client)
        return client

    yield serve
    for client in open_clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(serving: Callable[..., TestClient]) -> TestClient:
    return serving()


@pytest.fixture
def ann(client: TestClient) -> User:
    return User(client, ANN)


@pytest.fixture
def bob(client: TestClient) -> User:
    return User(client, BOB)
