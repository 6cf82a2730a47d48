"""What a host adds to the server: routes of its own, and what it forgets of a user."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

pytest.importorskip("fastapi", reason="FastAPI is not installed: the server cannot run")
pytest.importorskip("mcp", reason="the MCP SDK is not installed: the server cannot run")

from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from pekit_agents.errors import MemoryStoreError
from pekit_agents.server import ServerSettings, Service, create_app
from pekit_agents.server.dependencies import ServiceOf, UserOf
from pekit_agents.testing import fake_profile, solid_scene, to_png

RED = solid_scene({"red": (20, 20, 80, 80)})
TOKEN = "x" * 16


@pytest.fixture
def settings(tmp_path):
    return ServerSettings(memory=str(tmp_path / "memory"))


@pytest.fixture
def service(settings):
    service = Service(settings, fake_profile())
    yield service
    service.close()


def browser(app):
    return TestClient(app, base_url="http://127.0.0.1")


def test_routes_of_a_host_stand_beside_those_of_the_server(settings):
    app = create_app(settings, profile=fake_profile())
    router = APIRouter(prefix="/v1/own")

    @router.get("")
    async def own(user: UserOf, service: ServiceOf) -> list[str]:
        objects = await service.look_up(user, lambda: service.kit(user).objects())
        return [user, *(obj.name for obj in objects)]

    app.include_router(router)
    app.state.service.kit("default").remember("Ruby", RED, category="motorcycle")
    with browser(app) as client:
        assert client.get("/v1/own").json() == ["default", "Ruby"]
        assert client.post("/mcp").status_code == 400  # of the MCP transport: it is reached
        assert client.get("/healthz").json() == {"status": "ok"}
        missing = client.get("/v1/nothing")
    assert (missing.status_code, missing.headers["content-type"]) == (
        404,
        "application/problem+json",
    )


def test_the_lifespan_of_a_hosts_router_lies_within_that_of_the_server(settings):
    happened = []

    @asynccontextmanager
    async def own(app: FastAPI):
        happened.append(await app.state.service.look_up("ann", str, "begun"))
        yield
        happened.append(await app.state.service.look_up("ann", str, "ended"))  # not closed yet

    app = create_app(settings, profile=fake_profile())
    app.include_router(APIRouter(lifespan=own))
    with browser(app):
        assert happened == ["begun"]
    assert happened == ["begun", "ended"]


def test_a_host_has_its_routes_by_its_own_users(settings):
    async def identify(request):
        return request.headers.get("x-login")

    app = create_app(settings, identify=identify, profile=fake_profile())
    router = APIRouter()

    @router.get("/v1/own")
    async def own(user: UserOf) -> str:
        return user

    app.include_router(router)
    with browser(app) as client:
        assert client.get("/v1/own", headers={"X-Login": "ann"}).json() == "ann"
        answer = client.get("/v1/own", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 401


async def test_hosts_forget_a_user_around_what_the_server_forgets(service):
    for user in ("ann", "bob"):
        service.kit(user).remember("Ruby", RED, category="motorcycle")
        service.take_in(user, to_png(RED))
    seen = []

    def watching(host):
        @asynccontextmanager
        async def forgetting(user_id):
            seen.append((host, user_id, len(service.kit(user_id).objects())))
            yield
            seen.append((host, user_id, len(service.kit(user_id).objects())))

        return forgetting

    service.on_forget(watching("one"))
    service.on_forget(watching("two"))
    await service.forget("ann")
    assert seen == [("one", "ann", 1), ("two", "ann", 1), ("two", "ann", 0), ("one", "ann", 0)]
    assert service.latest("ann") == []
    assert [obj.name for obj in service.kit("bob").objects()] == ["Ruby"]
    assert len(service.latest("bob")) == 1


async def test_a_host_does_not_go_on_where_the_server_could_not_forget(service, monkeypatch):
    done = []

    @asynccontextmanager
    async def forgetting(user_id):
        yield
        done.append(user_id)

    def fail(user_id):
        raise MemoryStoreError("expected a disk, found none")

    service.on_forget(forgetting)
    with monkeypatch.context() as broken:
        broken.setattr(service.images, "clear", fail)
        with pytest.raises(MemoryStoreError):
            await service.forget("ann")
    assert done == []
    await service.forget("ann")
    assert done == ["ann"]
