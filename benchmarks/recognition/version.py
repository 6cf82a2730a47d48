"""How another version of PeKit does on the draws of a run: the same references, the same photos.

``python -m benchmarks.recognition.version CHECKOUT RUN...`` has the package in a checkout of
another version (``git worktree add CHECKOUT COMMIT``) remember and search by its public API what
the runs of ``pekit eval`` had the product remember and search, and prints both side by side, with
the time of a search on the same photos. Both versions run in this environment.

A run with ``--held-out`` wants the same ``--more`` and ``--statistics`` again: the other version
makes its statistics of the same photos, by its ``refitted_profile``, and has seen nothing of what
is measured either.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pekit_agents.evaluation.metrics.summary import Summary
    from pekit_agents.evaluation.records import Draw, Run

_FORWARDS = 3000  # kept in RAM: draws share photos
_MEASURES = {
    "own named": "top1",
    "or possible": "named_or_possible",
    "others named": "others_named",
    "P >= 0.8": "sure_wrong_share",
    "weighted": "weighted",
    "likeliest": "likeliest",
    "wrong and certain": "wrong_share",
}


def answer(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Remember and search by whatever version is imported; touches its public API alone."""
    from pekit_agents import PeKit
    from pekit_agents.profiles import embedded_profile, refitted_profile

    base = profile = embedded_profile(cache_size=_FORWARDS)
    made, found = None, []
    for number, task in enumerate(tasks, start=1):
        if task["seed"] != made and task["half"]:
            paths = [[Path(path) for path in task[key]] for key in ("half", "further")]
            version = made = task["seed"]
            profile = refitted_profile(paths[0], version=str(version), more=paths[1], base=base)
        with tempfile.TemporaryDirectory() as folder:
            kit = _introduced(PeKit.open(folder, profile=profile), task)
            found.append({path: _search(kit, path) for path in task["photos"]})
        print(f"\rdraw {number} of {len(tasks)}", end="", file=sys.stderr)
    return found


def _introduced(kit: Any, task: dict[str, Any]) -> Any:
    for name, paths in task["references"].items():
        kit.remember(name, category="object", images=paths)
    return kit


def _search(kit: Any, path: str) -> dict[str, Any]:
    finding = kit.find(path)
    return {
        "named": [_said(match) for match in finding.matches],
        "possible": [_said(match) for match in getattr(finding, "possible", ())],
    }


def _said(match: Any) -> dict[str, Any]:
    others = [candidate.object.name for candidate in match.alternatives]
    return {
        "name": match.object.name,
        "score": match.score,
        "box": list(match.box.xyxy),
        "alternatives": others,
        "probability": match.probability,
    }


def seconds(task: dict[str, Any]) -> list[float]:
    """Return the processor time of searching each photo once, by the profile as it ships."""
    from pekit_agents import PeKit

    taken = []
    with tempfile.TemporaryDirectory() as folder:
        kit = _introduced(PeKit.open(folder, profile="embedded"), task)
        for path in task["photos"]:
            before = time.process_time()
            kit.find(path)
            taken.append(time.process_time() - before)
    return taken


def _ask(checkout: Path, what: str, tasks: Any) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "asked.json"), Path(folder, "answered.json")
        asked.write_text(json.dumps(tasks), "utf-8")
        subprocess.run(
            [sys.executable, __file__, f"--{what}", str(asked), str(answered)],
            env=environment,
            check=True,
        )
        return json.loads(answered.read_text("utf-8"))


def task_of(run: Run, draw: Draw, further: Sequence[Path]) -> dict[str, Any]:
    """Return what a draw remembered and searched, and what may give statistics."""
    from pekit_agents.evaluation.datasets import load_dataset
    from pekit_agents.evaluation.draws import half_of_each_kind, restrict

    root, half = Path(run.root), []
    if run.settings["held_out"]:
        dataset = load_dataset(root)
        others = restrict(dataset, half_of_each_kind(dataset, draw.seed))
        half = [str(photo.path) for photo in others.photos if photo.shows]
    return {
        "seed": draw.seed,
        "half": half,
        "further": [str(path) for path in further],
        "references": {k: [str(root / p) for p in v] for k, v in draw.references.items()},
        "photos": [str(root / trial.photo) for trial in draw.trials],
    }


def answered(draw: Draw, task: dict[str, Any], found: dict[str, Any]) -> Draw:
    """Return a draw with another version's answers in place of the product's."""
    from pekit_agents.evaluation.records import Named
    from pekit_agents.types import Box

    def named(said: dict[str, Any]) -> Named:
        return Named(
            said["name"],
            said["score"],
            Box(*said["box"]),
            tuple(said["alternatives"]),
            said["probability"],
        )

    trials = []
    for trial, path in zip(draw.trials, task["photos"], strict=True):
        said = {key: tuple(map(named, each)) for key, each in found[path].items()}
        trials.append(replace(trial, seconds=None, named=said["named"], possible=said["possible"]))
    return replace(draw, recognizer="other version", trials=tuple(trials))


def _summaries(draws: list[Draw]) -> list[Summary]:
    from pekit_agents.evaluation.all_kinds import ALL_KINDS
    from pekit_agents.evaluation.metrics.summary import summarise

    alone = [replace(draw, condition=ALL_KINDS) for draw in draws if len(draw.known) == 1]
    return [*summarise(alone), *summarise(draws)]


def show(name: str, draws: list[Draw]) -> None:
    """Print both versions' measures side by side."""
    print(f"\n{name}")
    print(f"{'':38}" + "".join(f"{heading:>22}" for heading in _MEASURES))
    for summary in _summaries(draws):
        configuration = summary.configuration
        title = f"{configuration.recognizer}, {configuration.condition or 'all known'}"
        cells = []
        for measure in _MEASURES.values():
            found = summary.estimates[measure]
            between = "" if found.interval is None else " [{:.2f}, {:.2f}]".format(*found.interval)
            cells.append("-" if found.mean is None else f"{found.mean:.3f}{between}")
        print(f"{title:30}{configuration.refs:>3} ref." + "".join(f"{cell:>22}" for cell in cells))


def main() -> None:
    """Measure, or answer for another version."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recognition.version", description=__doc__
    )
    parser.add_argument("checkout", type=Path)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--more", type=Path, nargs="*", default=[], help="as of the runs")
    parser.add_argument("--statistics", type=Path, nargs="*", default=[], help="as of the runs")
    parser.add_argument("--draws", type=int, default=3, help="seeds of each run to repeat")
    options = parser.parse_args()
    from pekit_agents.evaluation.datasets import load_dataset
    from pekit_agents.evaluation.datasets.files import photos_in
    from pekit_agents.evaluation.runs.run_file import read_run

    here = Path(__file__).resolve().parents[2]
    sets = [load_dataset(folder) for folder in options.more]
    further = [photo.path for each in sets for photo in each.photos if photo.shows]
    further += [path for folder in options.statistics for path in photos_in(folder)]
    for path in options.runs:
        run = read_run(path)
        seeds = sorted({draw.seed for draw in run.draws})[: options.draws]
        ours = [d for d in run.draws if d.recognizer == "pekit" and d.seed in seeds]
        tasks = [task_of(run, draw, further) for draw in ours]
        found = _ask(options.checkout, "answer", tasks)
        theirs = [answered(*each) for each in zip(ours, tasks, found, strict=True)]
        show(f"{run.protocol} on {run.dataset}, {len(seeds)} draws", [*ours, *theirs])
        longest = max(tasks, key=lambda task: len(task["references"]))
        for name, checkout in (("this version", here), ("other version", options.checkout)):
            taken = _ask(checkout, "seconds", longest)
            mean = sum(taken) / len(taken)
            print(f"{name}: {mean:.2f} s of processor time a photo, {len(taken)} photos")


if __name__ == "__main__":
    work: dict[str, Callable[[Any], Any]] = {"--answer": answer, "--seconds": seconds}
    if sys.argv[1] in work:
        asked = json.loads(Path(sys.argv[2]).read_text("utf-8"))
        Path(sys.argv[3]).write_text(json.dumps(work[sys.argv[1]](asked)), "utf-8")
    else:
        main()
