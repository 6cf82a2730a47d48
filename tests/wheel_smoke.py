"""Run by ``make wheel-check`` where only the wheel is installed, without extras."""

from __future__ import annotations

import sys
import tempfile
from importlib import resources

import pekit_agents
import pekit_agents.retrievers.documents
import pekit_agents.tools.actions
from pekit_agents import MissingDependency, PeKit

assert "site-packages" in pekit_agents.__file__, pekit_agents.__file__
assert resources.files("pekit_agents.models").joinpath("focus_statistics.npz").is_file()
assert resources.files("pekit_agents").joinpath("py.typed").is_file()

try:
    PeKit.open(tempfile.mkdtemp())
except MissingDependency as exc:
    assert 'pip install "pekit-agents[embedded]"' in str(exc), exc
else:
    sys.exit("expected MissingDependency without the embedded extra")
print("the wheel imports, and names the extra that is missing")
