"""The load test: what passes, how RAM's growth is told, and that it runs."""

from __future__ import annotations

import json
import re

import httpx2
import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import app
from benchmarks.server.load import Line, _slope
from benchmarks.server.photos import Photos
from benchmarks.server.users import Figures, User


@pytest.mark.parametrize(
    ("value", "most", "passed"), [(0, 0, True), (1, 0, False), (3.0, 3.0, True), (9, None, None)]
)
def test_a_line_passes_by_what_it_may_be(value, most, passed):
    assert Line("errors", value, most).passed is passed


@pytest.mark.parametrize(
    ("looks", "slope"),
    [
        ([], 0.0),
        ([(0, 100.0), (10, 900.0), (1000, 200.0), (2000, 205.0), (3000, 210.0)], 5.0),
        ([(1000, 200.0), (1000, 300.0)], 0.0),
    ],
)
def test_the_growth_of_ram_is_that_of_the_second_half(looks, slope):
    assert _slope(looks) == pytest.approx(slope)


def test_no_photo_is_drawn_twice(photos):
    drawn = Photos(1)
    assert len({drawn.next() for _ in range(30)}) == 30


async def test_who_is_told_to_wait_sends_it_again_and_anything_else_is_an_error():
    answers = iter([(429, {"retry-after": "0"}), (503, {"retry-after": "0"}), (200, {}), (500, {})])

    def answer(request):
        status, headers = next(answers)
        return httpx2.Response(status, headers=headers, text="{}")

    figures = Figures()
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer), base_url="http://server")
    user = User(client, "token", None, None, figures)
    await user.list()
    assert (figures.waits, figures.errors, figures.requests) == ({429: 1, 503: 1}, [], 1)
    await user.list()
    assert figures.errors == ["GET /v1/objects: 500 {}"]


@pytest.mark.slow
def test_it_measures_a_real_server(embedded_model, photos):
    result = CliRunner().invoke(app, ["server", "--quick", "--json"])
    assert result.exit_code == 0, result.output
    lines = {each["what"]: each["value"] for each in json.loads(result.stdout)["lines"]}
    assert lines["errors"] == 0
    assert lines["requests"] >= 6
    assert lines["find, 4 users at once: p95, s"] > 0


@pytest.mark.slow
def test_a_hostile_client_is_told_about(tmp_path):
    result = CliRunner().invoke(app, ["server", "hostile", "--calls", "30"])
    assert result.exit_code == 0, result.output
    assert re.search(r"^30 calls: .*\n0 came through", result.stdout)
