#!/usr/bin/env bash
# mcp 2.3.0 (MCP Python SDK): making an `MCPServer` sets up the process's root logger.
#
# It puts a handler of Rich on the root and sets the root's level to INFO, as a command would. A web
# application that mounts such a server then prints the INFO lines of every other library, among
# them the addresses that an HTTP client in the same process asks for. The low-level `Server` of the
# same package leaves logging alone. Seen with Python 3.11.
#
# Fails when the root logger stays as it was.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check mcp==2.3.0 rich==15.0.0
cat > "$folder/look.py" <<'PYTHON'
import logging, sys
from mcp.server import MCPServer
from mcp.server.lowlevel import Server

root = logging.getLogger()

def told():
    return f"{logging.getLevelName(root.level)} {len(root.handlers)}"

seen = [told()]
Server("a")
seen.append(told())
MCPServer("a")
seen.append(told())
print("; ".join(seen))
PYTHON
seen=$("$folder/venv/bin/python" "$folder/look.py")
echo "level and handlers of the root at first, after Server, after MCPServer: $seen"
[ "$seen" = "WARNING 0; WARNING 0; INFO 1" ]
