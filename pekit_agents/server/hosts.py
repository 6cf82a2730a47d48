"""Host names as requests and settings write them: ``host_of``, ``is_loopback``, ``site_of``."""

from __future__ import annotations

import re
from ipaddress import ip_address

__all__ = ["LOCAL_HOSTS", "host_of", "is_loopback", "site_of"]

#: How browsers on this machine name it.
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
# Nothing else that a parser of URLs may take for something else: no user, path or spaces.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(:[0-9]{1,5})?")
_SITE = re.compile(r"(https?)://([^/?#@\\]+)/?")


def host_of(header: str) -> str | None:
    """Return the host name of a ``Host`` header in small letters, without its port.

    Returns:
        An IPv6 address in its brackets; None where it is no host name.
    """
    found = _HOST.fullmatch(header)
    return found[1].casefold() if found else None


def site_of(url: str) -> tuple[str, str] | None:
    """Return the scheme and the ``Host`` header of a URL that names a whole site.

    Returns:
        Both in small letters; None where it is no such URL.
    """
    found = _SITE.fullmatch(url.casefold())
    return (found[1], found[2]) if found and host_of(found[2]) else None


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.casefold() == "localhost"
