"""A run on disk: one JSON file, rewritten after each draw, so that a run can be gone on with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.records import Run
from pekit_agents.files import atomic_write
from pekit_agents.wording.messages import clause

__all__ = ["RUN_FILE", "read_run", "same_measurement", "write_run", "write_text"]

#: The name of the file within the folder of a run.
RUN_FILE = "run.json"
_SCHEMA = 1


def write_run(run: Run, folder: Path) -> Path:
    """Write a run to its folder, whole or not at all.

    Returns:
        The file.

    Raises:
        InvalidInput: The folder cannot be written.
        MissingDependency: cattrs is not installed.
    """
    from pekit_agents.evaluation.runs.conversion import as_values

    content = json.dumps({"pekit_run": _SCHEMA, **as_values(run)}, ensure_ascii=False)
    return write_text(folder / RUN_FILE, content)


def read_run(path: Path) -> Run:
    """Read a run.

    Args:
        path: Its file, or the folder that holds it.

    Raises:
        InvalidInput: There is no run, it is damaged, or another version of PeKit wrote it.
        MissingDependency: cattrs is not installed.
    """
    from pekit_agents.evaluation.runs.conversion import as_run

    file = path / RUN_FILE if path.is_dir() else path
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise InvalidInput(
            f"expected a run of `pekit eval` at {path}, but it cannot be read: {exc!s:.200}"
        ) from exc
    schema = content.get("pekit_run") if isinstance(content, dict) else None
    if schema != _SCHEMA:
        found = "none" if schema is None else f"{schema!r}"
        raise InvalidInput(
            f"expected a run of schema {_SCHEMA} in {file}, found {found}; "
            "measure again with this version of PeKit"
        )
    try:
        return as_run(content)
    except ValueError as exc:
        raise InvalidInput(
            f"expected a whole run in {file}, found it damaged ({clause(exc):.200}); measure again"
        ) from exc


def same_measurement(one: Run, other: Run) -> bool:
    """Return whether draws of one run may stand in the other."""

    def settled(run: Run) -> Any:
        return json.loads(
            json.dumps([run.protocol, run.dataset, run.root, run.settings, run.versions])
        )

    return bool(settled(one) == settled(other))


def write_text(path: Path, content: str) -> Path:
    """Write a text file whole or not at all, with its folder.

    Raises:
        InvalidInput: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path, shared=True) as file:
            file.write(content.encode("utf-8"))
    except OSError as exc:
        raise InvalidInput(
            f"expected to write {path}, but: {clause(exc)}; give another --out"
        ) from exc
    return path
