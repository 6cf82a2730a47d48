"""Each figure of the page for Prometheus: its name, labels, buckets and value."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pekit_agents.memory.limits import ram_bytes
from pekit_agents.memory.place.session import shared_session
from pekit_agents.server.monitoring.metrics import Metrics


@pytest.fixture
def service():
    """Return threads of which some wait and some were refused."""
    vision = SimpleNamespace(waiting=3, refused=Counter(user=5, server=7))
    clips = SimpleNamespace(waiting=2, refused=Counter(server=17))
    records = SimpleNamespace(waiting=11, refused=Counter(user=13))
    return SimpleNamespace(vision=vision, watching=clips, records=records)


def samples(metrics: Metrics) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the values of a page by name and by what labels say, in the order of their names."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(metrics.page()[0].decode()):
        for each in family.samples:
            labels = tuple(value for _, value in sorted(each.labels.items()))
            found.setdefault(each.name, {})[labels] = each.value
    return found


def test_requests_are_counted_by_method_route_and_status(service):
    metrics = Metrics(service)
    metrics.answered("GET", "/a", 200, 0.3)
    metrics.answered("GET", "/a", 200, 4.0)
    metrics.answered("GET", "/a", 404, 40.0)
    metrics.answered("POST", "/b", 200, 0.001)
    found = samples(metrics)
    assert found["pekit_requests_total"] == {
        ("GET", "/a", "200"): 2, ("GET", "/a", "404"): 1, ("POST", "/b", "200"): 1
    }  # fmt: skip
    assert found["pekit_request_seconds_count"] == {("GET", "/a"): 3, ("POST", "/b"): 1}
    assert found["pekit_request_seconds_sum"][("GET", "/a")] == pytest.approx(44.3)


def test_how_long_answers_took_is_in_buckets_from_milliseconds_to_half_a_minute(service):
    metrics = Metrics(service)
    metrics.answered("GET", "/a", 200, 0.3)
    metrics.answered("GET", "/a", 200, 40.0)
    buckets = samples(metrics)["pekit_request_seconds_bucket"]
    limits = ["0.005", "0.02", "0.1", "0.25", "0.5", "1.0", "2.0", "5.0", "10.0", "30.0", "+Inf"]
    counts = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2]
    assert {key[0]: value for key, value in buckets.items()} == dict(
        zip(limits, counts, strict=True)
    )


def test_stops_of_the_loop_are_in_buckets_and_the_longest_is_kept(service):
    metrics = Metrics(service)
    for seconds in (0.02, 0.7, 0.3):
        metrics.stopped(seconds)
    found = samples(metrics)
    limits = ["0.01", "0.05", "0.1", "0.25", "0.5", "1.0", "5.0", "+Inf"]
    counts = [0, 1, 1, 1, 2, 3, 3, 3]
    buckets = {key[0]: value for key, value in found["pekit_loop_stop_seconds_bucket"].items()}
    assert buckets == dict(zip(limits, counts, strict=True))
    assert found["pekit_loop_stop_seconds_sum"][()] == pytest.approx(1.02)
    assert found["pekit_loop_longest_stop_seconds"] == {(): 0.7}


@pytest.mark.parametrize("look", [False, True])
def test_what_waits_and_was_refused_is_told_by_kind_of_work_and_for_whom(service, look):
    metrics = Metrics(service)
    if look:  # other processes of the server read what the last look noted
        metrics.stopped(0.0)
    found = samples(metrics)
    assert found["pekit_work_waiting"] == {("vision",): 3, ("clips",): 2, ("records",): 11}
    assert found["pekit_work_refused_total"] == {
        ("user", "vision"): 5, ("server", "vision"): 7,
        ("user", "clips"): 0, ("server", "clips"): 17,
        ("user", "records"): 13,
        ("server", "records"): 0,
    }  # fmt: skip


def test_a_look_at_the_loop_notes_what_waits_without_a_page(service):
    metrics = Metrics(service)
    metrics.stopped(0.0)
    told = metrics._registry.get_sample_value("pekit_work_waiting", {"work": "vision"})
    assert told == 3


def test_what_is_kept_in_ram_is_told_with_its_bound(service, monkeypatch):
    for name, nbytes in (("shared_ram_cache", 17), ("shared_view_cache", 19)):
        kept = SimpleNamespace(nbytes=nbytes)
        monkeypatch.setattr(f"{Metrics.__module__}.{name}", lambda kept=kept: kept)
    found = samples(Metrics(service))
    assert found["pekit_kept_bytes"] == {
        ("memories and findings",): 17,
        ("pictures",): 19,
        ("database",): shared_session().size_bytes,
    }
    assert found["pekit_kept_bound_bytes"] == {(): ram_bytes()}


def test_each_figure_says_something_of_its_own(service):
    text = Metrics(service).page()[0].decode()
    helps = [line for line in text.splitlines() if line.startswith("# HELP pekit_")]
    helps = [line for line in helps if "_created " not in line]  # of when it was first counted
    assert len({line.split(" ", 3)[3] for line in helps}) == 8
    assert {each.split(" ")[2] for each in helps} == {
        "pekit_requests_total", "pekit_request_seconds", "pekit_loop_stop_seconds",
        "pekit_loop_longest_stop_seconds", "pekit_work_waiting", "pekit_work_refused_total",
        "pekit_kept_bytes", "pekit_kept_bound_bytes",
    }  # fmt: skip


_PROCESS = """
import sys
from collections import Counter
from types import SimpleNamespace
from pekit_agents.server.monitoring.metrics import Metrics
waiting, refused, stopped = map(float, sys.argv[1:])
work = SimpleNamespace(waiting=waiting, refused=Counter(user=refused))
metrics = Metrics(SimpleNamespace(vision=work, watching=work, records=work))
metrics.stopped(stopped)
print(metrics.page()[0].decode())
"""


@pytest.mark.slow
def test_a_page_speaks_for_all_processes_and_of_those_that_ended_for_what_they_counted(tmp_path):
    for given in (("3", "5", "0.7"), ("4", "6", "0.2")):
        done = subprocess.run(
            [sys.executable, "-c", _PROCESS, *given],
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    lines = done.stdout.splitlines()
    assert 'pekit_work_waiting{work="vision"} 4.0' in lines
    assert 'pekit_work_refused_total{of="user",work="vision"} 11.0' in lines
    assert "pekit_loop_longest_stop_seconds 0.7" in lines
    assert [float(each.split()[1]) for each in lines if each.startswith("pekit_kept_bound")] == [
        ram_bytes()
    ]
