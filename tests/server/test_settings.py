from __future__ import annotations

from dataclasses import replace

import pytest

from pekit_agents.errors import InvalidInput
from pekit_agents.server.settings import ServerSettings


def test_settings_reach_another_process_as_they_are():
    settings = ServerSettings(
        memory="s3://bucket/memories",
        state="/var/lib/pekit",
        tokens={"ab" * 32: "ann"},
        hosts=("things.example",),
        photos=("/photos", "/more"),
        strictness=0.1,
        storage_options={"aws_region": "x"},
        upload_seconds=1.5,
    )
    assert ServerSettings.from_json(settings.to_json()) == settings
    assert ServerSettings.from_json(ServerSettings().to_json()) == ServerSettings()


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ({}, ("127.0.0.1", "localhost", "[::1]")),
        ({"host": "::1"}, ("[::1]", "localhost", "127.0.0.1")),
        ({"host": "0.0.0.0"}, ("0.0.0.0",)),
        ({"public_url": "https://A.example/"}, ("a.example", "localhost", "127.0.0.1", "[::1]")),
        ({"host": "0.0.0.0", "public_url": "http://[fe80::1]:80"}, ("[fe80::1]",)),
        ({"host": "10.0.0.2", "hosts": ("A.example",)}, ("10.0.0.2", "a.example")),
    ],
)  # fmt: skip
def test_which_hosts_requests_may_be_for(given, hosts):
    assert ServerSettings(**given).allowed_hosts == hosts


@pytest.mark.parametrize(
    ("given", "own"),
    [
        ({}, True),
        ({"host": "localhost"}, True),
        ({"public_url": "http://localhost:9000"}, True),
        ({"host": "0.0.0.0"}, False),
        ({"public_url": "https://things.example"}, False),
        ({"hosts": ("things.example",)}, False),
        ({"hosts": ("*",)}, False),
    ],
)
def test_whether_only_this_machine_reaches_it(given, own):
    assert ServerSettings(**given).only_here is own


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"port": -1}, "port: expected one of 0 to 65535, found -1"),
        ({"port": 70000}, "port: expected one of 0 to 65535"),
        ({"queue": 0}, "queue: expected at least 1, found 0"),
        ({"threads": 0}, "threads: expected at least 1"),
        ({"max_request": 0}, "max_request: expected at least 1"),
        ({"upload_seconds": 0}, "upload_seconds: expected more than 0"),
        ({"upload_seconds": float("nan")}, "upload_seconds: expected more than 0"),
        ({"user": ""}, "user: expected a text"),
        ({"public_url": "things.example"}, "public_url: expected a whole site"),
        ({"public_url": "https://a.example/pekit"}, "public_url: expected a whole site"),
        ({"hosts": ("https://a.example",)}, "hosts: expected a host name"),
        ({"hosts": ("a.example:443",)}, "hosts: expected a host name"),
        ({"memory": "s3://b/m"}, "state: expected a folder of this machine"),
    ],
)
def test_what_cannot_be_served_is_said(given, words):
    with pytest.raises(InvalidInput, match=words):
        ServerSettings(**given)


def test_the_url_is_what_browsers_type():
    assert ServerSettings().url == "http://127.0.0.1:8321"
    assert replace(ServerSettings(), host="::1", port=80).url == "http://[::1]:80"
    assert ServerSettings(public_url="https://a.example/").url == "https://a.example"


def test_where_the_server_keeps_its_own_and_what_is_private(tmp_path):
    here = ServerSettings(memory=str(tmp_path / "memory"))
    assert here.folder == tmp_path / "memory" / ".server"
    assert here.token_file == here.folder / "tokens.json"
    assert here.private == [here.folder, tmp_path / "memory"]
    there = ServerSettings(memory="s3://b/m", state=str(tmp_path / "state"))
    assert there.private == [there.folder] == [tmp_path / "state"]


def test_the_limits_of_a_photo_are_those_of_the_settings_without_a_remedy():
    limits = ServerSettings(max_bytes=7, max_pixels=10**9).limits
    assert (limits.max_bytes, limits.max_pixels, limits.max_side) == (7, 10**9, 10**9)
    assert limits.remedies == {}


@pytest.mark.parametrize(("threads", "cores", "found"), [(3, 8, 3), (None, 8, 8), (None, None, 1)])
def test_a_photo_for_each_core_is_worked_on_unless_a_number_is_given(
    monkeypatch, threads, cores, found
):
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert ServerSettings(threads=threads).core_threads == found
