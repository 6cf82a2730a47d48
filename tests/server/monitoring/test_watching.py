from __future__ import annotations

import json
import logging
import re
import threading
from datetime import datetime
from types import SimpleNamespace

import pytest

from pekit_agents.errors import ProfileError
from pekit_agents.server.monitoring.logs import REQUESTS, log_lines, where_raised
from pekit_agents.server.monitoring.watching import Watched
from pekit_agents.testing.fakes import ColourProposer, fake_profile

ANN = [("host", "localhost"), ("authorization", "Bearer a-token-of-ann-1")]


@pytest.fixture
def lines(caplog):
    """Return what was logged of requests."""
    caplog.set_level(logging.INFO, REQUESTS)
    return lambda: [each.__dict__ for each in caplog.records if each.name == REQUESTS]


@pytest.mark.parametrize(
    ("method", "path", "status", "route"),
    [
        ("GET", "/healthz", 200, "/healthz"),
        ("GET", "/v1/objects", 200, "/v1/objects"),
        ("GET", "/v1/objects/secret", 404, "/v1/objects/{object_id}"),
        ("DELETE", "/v1/library/photos/my/secret", 404, "/v1/library/photos/{photo_id:path}"),
        ("GET", "/things/secret", 404, "/things/{object_id}"),
        ("GET", "/static/secret", 404, "/static"),
        ("GET", "/secret", 404, "other"),
        ("GET", "/mcp", 405, "/mcp"),
        ("PATCH", "/secret", 404, "other"),
        ("HEAD", "/secret", 404, "other"),
    ],
)
async def test_a_request_is_a_line_and_a_count_without_what_it_was_about(
    settings, ask, running, lines, method, path, status, route
):
    async with running(settings) as app:
        answer = await ask(app, method, path, ANN)
        page = (await ask(app, "GET", "/metrics", ANN)).body.decode()
    line = lines()[0]
    assert (answer.status, line["status"], line["method"], line["route"]) == (
        status, status, method, route
    )  # fmt: skip
    assert answer.headers["x-request-id"] == line["request_id"]
    assert re.fullmatch("[0-9a-f]{12}", line["user"])
    assert (line["levelname"], line["msg"]) == ("INFO", "request")
    assert 0 < line["ms"] < 60_000
    assert line["ms"] == round(line["ms"], 1)
    assert re.fullmatch("[0-9a-f]{16}", line["request_id"])
    counted = f'pekit_requests_total{{method="{method}",route="{route}",status="{status}"}} 1.0'
    assert counted in page
    assert "secret" not in page + str(line)
    assert "ann" not in str({k: v for k, v in line.items() if k in {"user", "route"}})


async def test_users_are_told_apart_and_not_named(settings, ask, running, lines):
    async with running(settings) as app:
        for token in ("a-token-of-ann-1", "a-token-of-bob-1", "a-token-of-ann-1", "nobody's"):
            headers = [("host", "localhost"), ("authorization", f"Bearer {token}")]
            await ask(app, "GET", "/v1/me", headers)
    ann, bob, again, nobody = [each["user"] for each in lines()]
    assert ann == again != bob
    assert nobody is None


async def test_what_anybody_makes_up_has_no_label_of_its_own(settings, ask, running):
    async with running(settings) as app:
        for n in range(5):
            await ask(app, f"BREW{n}", f"/made-up/{n}", ANN)
        page = (await ask(app, "GET", "/metrics", ANN)).body.decode()
    assert 'pekit_requests_total{method="other",route="other",status="404"} 5.0' in page


async def test_an_error_that_nobody_expected_says_nothing_of_anybody(
    settings, ask, running, lines, caplog
):
    async with running(settings) as app:

        def fails(user_id):
            raise ZeroDivisionError("Biscuit the corgi")

        app.state.service.kit = fails
        answer = await ask(app, "GET", "/v1/review", ANN)
    told = json.loads(answer.body)
    assert (answer.status, told["status"]) == (500, 500)
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["request_id"] == answer.headers["x-request-id"] == lines()[0]["request_id"]
    assert "Biscuit" not in answer.body.decode()
    (error,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert error.request_id == told["request_id"]
    assert (error.error, error.msg) == ("ZeroDivisionError", "an error that nobody expected")
    assert lines()[0]["status"] == 500


def test_the_lines_of_an_error_are_where_and_not_what(capsys):
    before = logging.root.handlers[:], logging.root.level
    try:
        log_lines(requests=True)
        try:
            try:
                raise KeyError("Biscuit")
            except KeyError as exc:
                raise ValueError("the corgi Biscuit") from exc
        except ValueError:
            logging.getLogger("pekit_agents").exception("it failed")
        logging.getLogger(REQUESTS).info("request", extra={"status": 200})
    finally:
        logging.root.handlers[:], logging.root.level = before
        logging.getLogger(REQUESTS).setLevel(logging.NOTSET)
    error, request = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert "Biscuit" not in str(error)
    assert error["message"] == "it failed"
    assert error["exc_info"][0] == "ValueError"
    assert "KeyError" in error["exc_info"]
    assert "test_the_lines_of_an_error" in error["exc_info"][1]
    assert (request["status"], request["level"], request["message"]) == (200, "INFO", "request")
    assert request.keys() == {"level", "message", "status", "time"}
    assert datetime.fromisoformat(request["time"]).tzinfo is not None


@pytest.mark.parametrize(("requests", "count"), [(True, 2), (False, 1)])
def test_requests_are_lines_where_they_are_asked_for_and_warnings_always(capsys, requests, count):
    before = logging.root.handlers[:], logging.root.level
    try:
        log_lines(requests=requests)
        logging.getLogger(REQUESTS).info("request")
        logging.getLogger("pekit_agents").info("nothing to say")
        logging.getLogger("pekit_agents").warning("something")
    finally:
        logging.root.handlers[:], logging.root.level = before
        logging.getLogger(REQUESTS).setLevel(logging.NOTSET)
    assert len(capsys.readouterr().err.splitlines()) == count


async def test_who_does_not_wait_for_an_answer_is_told_apart(settings, ask, lines):
    async def gone(scope, receive, send):
        """Answer nothing: who asked has left."""

    counted = []
    metrics = SimpleNamespace(answered=lambda *given: counted.append(given))
    await ask(Watched(gone, SimpleNamespace(settings=settings), metrics), "GET", "/healthz")
    assert lines()[0]["status"] == 499
    method, route, status, seconds = counted[0]
    assert (method, route, status) == ("GET", "other", 499)
    assert 0 < seconds < 60


def test_groups_of_errors_are_looked_into():
    raised = ExceptionGroup("g", [KeyError("Biscuit")])
    assert where_raised(raised) == ["ExceptionGroup", "KeyError"]


class Slow(ColourProposer):
    def __init__(self, may, error=None):
        self.may, self.error = may, error

    def propose(self, image, categories, mode):
        self.may.wait(20)
        if self.error is not None:
            raise self.error
        return super().propose(image, categories, mode)


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (None, 200, None),
        (ProfileError("expected a model, found none"), 503, "not-set-up"),
        (ZeroDivisionError("Biscuit"), 503, "refused"),
    ],
)
async def test_it_is_ready_when_the_vision_tools_are_loaded(
    settings, ask, running, error, status, kind
):
    from dataclasses import replace

    may = threading.Event()
    profile = replace(fake_profile(), proposer=Slow(may, error))
    async with running(settings, profile) as app:
        host = [("host", "localhost")]
        assert (await ask(app, "GET", "/healthz", host)).status == 200
        waits = await ask(app, "GET", "/readyz", host)
        assert (waits.status, waits.headers["retry-after"]) == (503, "5")
        may.set()
        await app.state.loading
        ready = await ask(app, "GET", "/readyz", host)
    assert (ready.status, b"Biscuit" in ready.body) == (status, False)
    assert json.loads(ready.body).get("type", ":").rpartition(":")[2] == (kind or "")


@pytest.mark.parametrize(("headers", "status"), [(ANN, 200), (ANN[:1], 401)])
async def test_metrics_need_a_token(settings, ask, running, headers, status):
    async with running(settings) as app:
        assert (await ask(app, "GET", "/metrics", headers)).status == status


async def test_on_ones_own_machine_metrics_need_none(own, ask, running):
    async with running(own) as app:
        answer = await ask(app, "GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert b'pekit_work_waiting{work="vision"} 0.0' in answer.body
    assert b'pekit_work_refused_total{of="user",work="vision"} 0.0' in answer.body
