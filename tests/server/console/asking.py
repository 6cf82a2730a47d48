"""What tests of the console ask: a server, photos, and a thing that is introduced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from pekit_agents.server import ServerSettings, create_app
from pekit_agents.server.tokens import hash_of
from pekit_agents.testing.fakes import graded_profile, solid_scene, to_png

ANN, BOB = "token-of-ann-0123", "token-of-bob-0123"
TOKENS = {hash_of(ANN): "ann", hash_of(BOB): "bob"}
LOCAL = "http://localhost:8321"
#: What a script of a page sends along.
PART = {"HX-Request": "true"}


def make_app(place: Path, **settings: Any) -> FastAPI:
    """Return a server over memories below a folder, with vision tools that need no model."""
    return create_app(ServerSettings(memory=str(place), **settings), profile=graded_profile())


def photo(**patches: tuple[int, int, int, int]) -> bytes:
    """Return a PNG with patches of colour: ``pale_red`` is the shade "pale red"."""
    return to_png(solid_scene({name.replace("_", " "): box for name, box in patches.items()}))


def send(client: TestClient, content: bytes) -> str:
    """Hand a photo over and return its handle."""
    answer = client.post("/upload", files={"photo": ("photo.png", content, "image/png")})
    assert answer.status_code == 200, answer.text
    return client.app.state.service.latest(user_of(client))[0]


def user_of(client: TestClient) -> str:
    """Return whose requests a client sends."""
    token = client.headers.get("authorization", "").removeprefix("Bearer ")
    return TOKENS[hash_of(token)] if token else "default"


def introduce(client: TestClient, name: str, content: bytes, object_id: str, **more: Any) -> str:
    """Remember a thing from a photo and return the page of it."""
    form = {"object_id": object_id, "name": name, "category": "mug", "photo": send(client, content)}
    answer = client.post("/introduce", data={**form, "box": "", **more})
    assert answer.status_code == 200, answer.text
    return answer.text
