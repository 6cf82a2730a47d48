"""``python colour_server.py SETTINGS [console]``: MCP on standard input, with the fakes' eyes."""

from __future__ import annotations

import sys

from pekit_agents.cli.lancedb_import import lighten_lancedb

lighten_lancedb()  # as the command does: half of the start

from pekit_agents.server import ServerSettings  # noqa: E402
from pekit_agents.server.mcp import serve_stdio  # noqa: E402
from pekit_agents.testing.fakes import graded_profile  # noqa: E402

settings = ServerSettings.from_json(sys.argv[1])
serve_stdio(settings, console="console" in sys.argv[2:], profile=graded_profile())
