"""The application as a whole: what is told to whom nobody knows, and what is not served."""

from __future__ import annotations

import json
import re

PUBLIC = {"/healthz", "/readyz", "/openapi.json", "/sign-in", "/static"}


async def test_without_a_token_only_what_is_public_is_answered(settings, ask, running):
    """Every route there is, read from the application."""
    host, seen = [("host", "localhost")], set()
    async with running(settings) as app:
        contexts = [
            context
            for included in app.routes
            for context in getattr(
                included, "effective_route_contexts", lambda one=included: [one]
            )()
        ]
        assert len(contexts) > 40
        for context in contexts:
            path = re.sub(r"\{\w+(:\w+)?\}", "x", context.path)
            for method in sorted(getattr(context, "methods", None) or {"GET"}):
                answer = await ask(app, method, path, host)
                if context.path in PUBLIC:
                    seen.add(context.path)
                elif answer.status != 401:
                    assert answer.status == 303, (method, path)
                    assert answer.headers["location"].startswith("/sign-in"), (method, path)
    assert seen == PUBLIC


async def test_pages_that_load_scripts_of_another_host_are_not_there(own, ask, running):
    async with running(own) as app:
        for path in ("/docs", "/redoc"):
            answer = await ask(app, "GET", path)
            assert answer.status == 404
        long = await ask(app, "GET", "/" + "x" * 5000)
    assert len(json.loads(long.body)["detail"]) < 400


async def test_what_has_begun_is_finished_before_the_server_has_stopped(own, running):
    async with running(own) as app:
        service = app.state.service
    for work in (service.vision, service.records):
        assert work._pool._shutdown
