from __future__ import annotations

import pytest

from pekit_agents.server.hosts import host_of, is_loopback, site_of


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8321", "localhost"),
        ("[::1]:8321", "[::1]"),
        ("things.example:443", "things.example"),
        ("", None),
        ("[::1", None),
        ("::1", None),
        ("localhost:", None),
        ("localhost:port", None),
        ("localhost:123456", None),
        ("evil@localhost", None),
        ("localhost/evil", None),
        ("localhost\\evil", None),
        ("localhost, evil", None),
        ("localhost\x00", None),
        ("localhost\n", None),
        ("lócalhost", None),
    ],
)
def test_a_host_header_is_read_strictly(header, host):
    assert host_of(header) == host


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://Things.example", ("https", "things.example")),
        ("http://localhost:8321/", ("http", "localhost:8321")),
        ("http://[::1]:8321", ("http", "[::1]:8321")),
        ("null", None),
        ("", None),
        ("http://", None),
        ("http://[", None),
        ("ftp://things.example", None),
        ("https://a@things.example", None),
        ("https://things.example/path", None),
    ],
)
def test_a_site_is_a_scheme_and_a_host(url, site):
    assert site_of(url) == site


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.2", False),
        ("localhost.evil.example", False),
        ("*", False),
    ],
)
def test_what_only_this_machine_reaches(host, own):
    assert is_loopback(host) is own
