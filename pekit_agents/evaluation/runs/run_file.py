"""A run on disk: one JSON file, rewritten after each draw, so that a run can be gone on with.

Scores and probabilities are rounded to 4 decimals, edges of boxes to a tenth of a pixel and times
to a tenth of a millisecond, a tenth of what any figure made from them shows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pekit_agents.errors import InvalidInput
from pekit_agents.evaluation.records import Draw, Named, Run, Trial
from pekit_agents.files import atomic_write
from pekit_agents.types import Box

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
    """
    content = json.dumps({"pekit_run": _SCHEMA, **_run(run)}, ensure_ascii=False)
    return write_text(folder / RUN_FILE, content)


def read_run(path: Path) -> Run:
    """Read a run.

    Args:
        path: Its file, or the folder that holds it.

    Raises:
        InvalidInput: There is no run, it is damaged, or another version of PeKit wrote it.
    """
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
        return _as_run(content)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise InvalidInput(
            f"expected a whole run in {file}, found it damaged ({type(exc).__name__}: {exc!s:.200}"
            "); measure again"
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
        raise InvalidInput(f"expected to write {path}, but: {exc}; give another --out") from exc
    return path


def _run(run: Run) -> dict[str, Any]:
    return {
        "protocol": run.protocol,
        "dataset": run.dataset,
        "root": run.root,
        "settings": dict(run.settings),
        "versions": dict(run.versions),
        "seconds": round(run.seconds, 1),
        "draws": [_draw(draw) for draw in run.draws],
    }


def _draw(draw: Draw) -> dict[str, Any]:
    return {
        "recognizer": draw.recognizer,
        "seed": draw.seed,
        "refs": draw.refs,
        "condition": draw.condition,
        "known": list(draw.known),
        "references": {thing: list(files) for thing, files in draw.references.items()},
        "trials": [_trial(trial) for trial in draw.trials],
    }


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "photo": trial.photo,
        "group": trial.group,
        "shows": list(trial.shows),
        "about": list(trial.about),
        "boxes": {thing: [_box(box) for box in boxes] for thing, boxes in trial.boxes.items()},
        "named": [_named(named) for named in trial.named],
        "possible": [_named(named) for named in trial.possible],
        "scores": {thing: round(score, 4) for thing, score in trial.scores.items()},
        "seconds": None if trial.seconds is None else round(trial.seconds, 4),
    }


def _named(named: Named) -> dict[str, Any]:
    return {
        "name": named.name,
        "score": round(named.score, 4),
        "box": None if named.box is None else _box(named.box),
        "alternatives": list(named.alternatives),
        "probability": None if named.probability is None else round(named.probability, 4),
    }


def _box(box: Box) -> list[float]:
    return [round(edge, 1) for edge in box.xyxy]


def _as_run(content: Mapping[str, Any]) -> Run:
    return Run(
        protocol=content["protocol"],
        dataset=content["dataset"],
        root=content["root"],
        settings=content["settings"],
        versions=content["versions"],
        draws=tuple(map(_as_draw, content["draws"])),
        seconds=content["seconds"],
    )


def _as_draw(content: Mapping[str, Any]) -> Draw:
    return Draw(
        recognizer=content["recognizer"],
        seed=content["seed"],
        refs=content["refs"],
        known=tuple(content["known"]),
        references={thing: tuple(files) for thing, files in content["references"].items()},
        trials=tuple(map(_as_trial, content["trials"])),
        condition=content["condition"],
    )


def _as_trial(content: Mapping[str, Any]) -> Trial:
    return Trial(
        photo=content["photo"],
        group=content["group"],
        shows=tuple(content["shows"]),
        boxes={
            thing: tuple(Box(*box) for box in boxes) for thing, boxes in content["boxes"].items()
        },
        named=tuple(map(_as_named, content["named"])),
        scores=content["scores"],
        seconds=content["seconds"],
        about=tuple(content["about"]),
        possible=tuple(map(_as_named, content.get("possible", ()))),  # older files have none
    )


def _as_named(content: Mapping[str, Any]) -> Named:
    box = content["box"]
    return Named(
        name=content["name"],
        score=content["score"],
        box=None if box is None else Box(*box),
        alternatives=tuple(content["alternatives"]),
        probability=content.get("probability"),
    )
