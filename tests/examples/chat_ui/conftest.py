"""Chainlit reads a folder when it is imported, and writes into it: a copy of the example's."""

import os
import shutil
import tempfile
from pathlib import Path

EXAMPLE = Path(__file__).parents[3] / "examples" / "chat_ui"
FOLDER = tempfile.TemporaryDirectory(prefix="chat-ui-")

shutil.copytree(EXAMPLE / ".chainlit", Path(FOLDER.name) / ".chainlit")
os.environ["CHAINLIT_APP_ROOT"] = FOLDER.name
