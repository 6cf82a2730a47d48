"""Run by ``make release-check`` where only the wheel or sdist is installed, without extras."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib import metadata, resources
from pathlib import Path

import pekit_agents
import pekit_agents.retrievers.documents
import pekit_agents.tools.actions
from pekit_agents import MissingDependency, PeKit
from pekit_agents.testing import fake_profile, solid_scene

assert "site-packages" in pekit_agents.__file__, pekit_agents.__file__
package_files = resources.files("pekit_agents")
for name in (
    "py.typed",
    "evaluation/report/page.html",
    "models/embedded/focus_statistics.npz",
    "models/embedded/focus_discriminant.npz",
):
    assert package_files.joinpath(name).is_file(), f"{name} is not in the package"

folder = Path(tempfile.mkdtemp())
try:
    PeKit.open(folder / "embedded")
except MissingDependency as exc:
    assert 'pip install "pekit-agents[embedded]"' in str(exc), exc
else:
    sys.exit("expected MissingDependency without the embedded extra")

kit = PeKit.open(folder / "memory", profile=fake_profile())
kit.remember("Biscuit", solid_scene({"red": (20, 20, 80, 80)}), category="dog")
(match,) = kit.find(solid_scene({"red": (5, 30, 60, 90), "blue": (90, 10, 150, 60)})).matches
assert match.object.name == "Biscuit", match

command = [str(Path(sys.executable).with_name("pekit")), "--help"]
assert "remember" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
files = {str(file) for file in metadata.files("pekit-agents") or ()}
assert not [file for file in files if file.startswith(("benchmarks", "examples", "tests"))]
assert {"LICENSE", "NOTICE"} <= {Path(file).name for file in files}, sorted(files)[:20]
print(f"the {sys.argv[1]} of {metadata.version('pekit-agents')} imports, runs and remembers")
