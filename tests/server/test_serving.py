from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import anyio
import httpx2
import pytest
from mcp import Client

from benchmarks.server.process import served
from pekit_agents.errors import InvalidInput, MemoryStoreError
from pekit_agents.server.serving import serve
from pekit_agents.server.settings import ServerSettings


@contextmanager
def pekit(*options, **environment):
    """Run the command; its standard error is read by the test."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pekit_agents", "serve", *options],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_port_in_use_is_said_before_anything_else(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = ServerSettings(memory=str(tmp_path / "memory"), port=port)
        with pytest.raises(InvalidInput, match=f"another program listens at {port}"):
            serve(settings, ready=pytest.fail)
    assert not (tmp_path / "memory").exists()


@pytest.mark.parametrize("host", ["203.0.113.1", "no such host", "x" * 300])
def test_an_address_of_another_machine_is_said(tmp_path, host):
    with pytest.raises(InvalidInput, match="expected an address of this machine"):
        serve(ServerSettings(memory=str(tmp_path), host=host, port=0), ready=pytest.fail)


def test_a_token_is_wanted_before_anything_is_served(tmp_path):
    with pytest.raises(InvalidInput, match="expected a token"):
        serve(ServerSettings(memory=str(tmp_path), host="0.0.0.0", port=0), ready=pytest.fail)


def test_a_damaged_file_of_tokens_is_said_at_the_start(tmp_path):
    settings = ServerSettings(memory=str(tmp_path), host="0.0.0.0", port=0)
    settings.token_file.parent.mkdir()
    settings.token_file.write_text("{")
    with pytest.raises(MemoryStoreError, match="expected a file of tokens"):
        serve(settings, ready=pytest.fail)


@pytest.mark.slow
def test_what_is_wrong_is_said_without_a_traceback(tmp_path):
    (tmp_path / "file").write_text("")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pekit("--memory", str(tmp_path / "m"), "--port", port) as process:
            said = process.stderr.read()
            assert process.wait(60) == 1
    assert "another program listens" in said.replace("\n", " ")
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_serves_and_stops(tmp_path, embedded_model, workers):
    memory = tmp_path / "memory"
    with served(memory, "--workers", workers) as server:
        with httpx2.Client(base_url=server.url) as client:
            assert client.get("/").status_code == 200
            for _ in range(8):
                assert client.get("/v1/objects").json()["objects"] == []
            page = client.get("/metrics").text
        if workers == "1":
            assert re.search(r'route="/v1/objects",status="200"\} 8.0', page)
        os.kill(server.pid, signal.SIGTERM)
    assert "Traceback" not in "".join(server.said)


@pytest.mark.slow
def test_metrics_speak_for_all_processes(tmp_path, embedded_model):
    with served(tmp_path / "memory", "--workers", "2") as server:
        for _ in range(12):  # each by a connection of its own, to any of them
            assert httpx2.get(f"{server.url}/v1/objects").status_code == 200
        page = httpx2.get(f"{server.url}/metrics").text
    (counted,) = re.findall(r'^pekit_requests_total\{.*route="/v1/objects".*\} (\S+)$', page, re.M)
    assert float(counted) == 12


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_stream_that_is_open_ends_when_the_server_is_told_to_stop(
    tmp_path, embedded_model, workers
):
    """By itself, and not because the server waits no longer: that would take half a minute."""
    with served(tmp_path / "memory", "--workers", workers) as server:
        client = Client(f"{server.url}/mcp")
        async with client, client.listen(resources_list_changed=True) as events:
            os.kill(server.pid, signal.SIGTERM)
            with anyio.fail_after(15):
                assert [event async for event in events] == []
    assert "Traceback" not in "".join(server.said)
