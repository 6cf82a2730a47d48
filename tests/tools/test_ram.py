"""The RAM of a process does not grow with the pictures that its users send."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

#: Sends pictures of ever new users and shows them, and prints the MB by which the process grew.
SCRIPT = """
import gc, sys, tempfile
from pekit_agents.testing import fake_profile, solid_scene, to_png
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.image_folder import DirectoryImageStore
from pekit_agents.tools.image_store import MemoryImageStore

folder = tempfile.mkdtemp()
images = MemoryImageStore() if sys.argv[1] == "RAM" else DirectoryImageStore(folder + "/pictures")
actions = PersonalActions.open(folder, fake_profile(), images)
photo = to_png(solid_scene({"blue": (20, 20, 90, 90)})) + bytes(1_000_000)

def grown():
    gc.collect()
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmRSS")]
    return int(line.split()[1]) // 1024

for number in range(240):
    user = f"user {number % 6}"
    for handle in images.put_album(user, [photo + number.to_bytes(4, "big")]):
        actions.findings.view(user, handle)
        actions.findings.plain(user, handle)
    if number == 60:
        start = grown()
print(grown() - start)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's figures")
@pytest.mark.parametrize("store", ["RAM", "folder"])
def test_pictures_of_many_users_do_not_fill_it(store):
    env = {**os.environ, "PEKIT_MEMORY_RAM_MB": "32"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, store], env=env, capture_output=True, check=True, text=True
    )
    assert int(done.stdout) < 40  # of 180 MB that were sent in the meantime
