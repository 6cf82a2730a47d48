"""Rounds of all works, builds taking turns: ``Comparison.figures`` returns what each took."""

from __future__ import annotations

import math
import shutil
import statistics
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.speed.builds import Build
from benchmarks.speed.photos import Given, Sizes, Thing, Written

__all__ = ["WORKS", "Comparison", "Figures"]

#: One figure a round, by work and measure: ``figures["simple", "cpu"]``.
Figures = dict[tuple[str, str], list[float]]

_PROCESSES = 2  # that index a folder


@dataclass(frozen=True, slots=True)
class Comparison:
    """Builds that do the same works on the same photos, each in fresh processes.

    Attributes:
        builds: This build, and another or none.
        given: What is remembered.
        photos: What is searched.
        sizes: How much.
        folder: An empty folder to write to.
        tell: Called with what is done next.
    """

    builds: Sequence[Build]
    given: Given
    photos: Written
    sizes: Sizes
    folder: Path
    tell: Callable[[str], None]

    def figures(self, works: Collection[str], rounds: int) -> list[Figures]:
        """Return for each build what it took in each round.

        Raises:
            InvalidInput: A build cannot do a work.
        """
        found: list[Figures] = [defaultdict(list) for _ in self.builds]
        for build in self.builds:
            self.tell(f"memories of {build.name}")
            self._prepare(build, works)
        for number in range(rounds):
            part = replace(
                self, photos=replace(self.photos, folder=self.photos.folder[number::rounds])
            )
            both = list(zip(self.builds, found, strict=True))
            for work in (each for each in WORKS if each in works):
                # Forward and backward, so that none always comes first.
                for build, figures in both[:: 1 if number % 2 == 0 else -1]:
                    self.tell(f"round {number + 1} of {rounds}: {work}, {build.name}")
                    for measure, figure in WORKS[work](part, build).items():
                        figures[work, measure].append(figure)
        return found

    def _memory(self, build: Build, of: str) -> Path:
        return self.folder / f"{self.builds.index(build)}-{of}"

    def _prepare(self, build: Build, works: Collection[str]) -> None:
        """Write the memories that are searched, and start each command once, uncounted."""
        searched = {thing.name for thing, _ in self.photos.simple}
        alone = [_thing(each, each.name) for each in self.given.things if each.name in searched]
        several = [_thing(thing, "default", "scenes") for thing in self.given.remembered]
        names = [_user(number) for number in range(self.sizes.users)]
        users = [_thing(thing, *names) for thing in self.given.of_users]
        wanted = {"alone": (alone, {"simple"}), "users": (users, {"users"})}
        wanted["several"] = several, {"scene", "folder", "list", "find"}
        for of, (things, needed_by) in wanted.items():
            if needed_by.intersection(works):
                build.run("prepare", memory=self._memory(build, of), things=things)
        if "crowd" in works:
            memory = self._memory(build, "crowd")
            build.run(
                "prepare", memory=memory, things=[_thing(t, "ann") for t in self.given.things]
            )
            build.run("crowd", memory=memory, objects=self.sizes.crowd)
        for work in {"list", "find"}.intersection(works):
            WORKS[work](self, build)

    def _remember(self, build: Build) -> dict[str, float]:
        photos = self.photos
        done = build.run("remember", warm=photos.warm, photos=photos.references)
        return _medians(done)

    def _simple(self, build: Build) -> dict[str, float]:
        searches = [(thing.name, photo) for thing, photo in self.photos.simple]
        return self._finds(build, "alone", searches) | self._passes(build)

    def _scene(self, build: Build) -> dict[str, float]:
        scenes = self.photos.scenes[: self.sizes.scenes]
        return self._finds(build, "several", [("scenes", scene) for scene in scenes])

    def _crowd(self, build: Build) -> dict[str, float]:
        photos = [photo for _, photo in self.photos.simple]
        photos += self.photos.scenes[: self.sizes.scenes]
        return self._finds(build, "crowd", [("ann", photo) for photo in photos])

    def _finds(self, build: Build, memory: str, searches: Sequence[Any]) -> dict[str, float]:
        where = self._memory(build, memory)
        done = build.run("find", memory=where, searches=searches, warm=self.photos.warm)
        found = {"mean": statistics.fmean(done["cpu"]), "named": sum(done["named"])}
        return _medians(done) | found

    def _passes(self, build: Build) -> dict[str, float]:
        done = build.run("bare", passes=self.sizes.passes, threads=0)
        return {f"pass {name}": figure for name, figure in _medians(done).items()}

    def _folder(self, build: Build) -> dict[str, float]:
        """Index this round's part of the folder and search for a thing."""
        memory = self._memory(build, "library")
        shutil.rmtree(memory, ignore_errors=True)
        shutil.copytree(self._memory(build, "several"), memory)
        photos = self.photos.folder
        parts = [photos[number::_PROCESSES] for number in range(_PROCESSES)]
        warm = self.photos.warm
        done = self._together(
            build, "index", [{"memory": memory, "photos": part, "warm": warm} for part in parts]
        )
        sought = build.run("search", memory=memory, name=self.given.remembered[0].name)
        return {
            "cpu": done["cpu"] + sum(sought["cpu"]),
            "wall": done["wall"] + sum(sought["wall"]),
            "pass cpu": done["passes"],
        }

    def _together(self, build: Build, work: str, tasks: Sequence[Any]) -> dict[str, float]:
        started = [build.started(work, task) for task in tasks]
        done = [build.result_of(process, work) for process in started]
        wall = max(each["ended"] for each in done) - min(each["began"] for each in done)
        return {
            "cpu": sum(sum(each["cpu"]) for each in done),
            "wall": wall,
            "passes": sum(sum(each["passes"]) for each in done),
        }

    def _list(self, build: Build) -> dict[str, float]:
        return build.command("list", "--memory", str(self._memory(build, "several")))

    def _find(self, build: Build) -> dict[str, float]:
        memory = str(self._memory(build, "several"))
        return build.command("find", str(self.photos.simple[0][1]), "--memory", memory)

    def _ram(self, build: Build) -> dict[str, float]:
        things = [_thing(thing) for thing in self.given.remembered]
        scenes = self.photos.scenes[: self.sizes.scenes_in_ram]
        done = build.run("peak", things=things, scenes=scenes)
        return {"MB": done["MB"], "named": sum(done["named"])}

    def _users(self, build: Build) -> dict[str, float]:
        photos = {_user(number): each for number, each in enumerate(self.photos.users)}
        memory = self._memory(build, "users")
        done = build.run("users", memory=memory, photos=photos, warm=self.photos.warm)
        waits = sorted(done["waits"])
        return {
            "a second": len(waits) / done["wall"][0],
            "p95": waits[math.ceil(0.95 * len(waits)) - 1],
            "cpu": done["cpu"][0] / len(waits),
        }


def _thing(thing: Thing, *users: str) -> dict[str, Any]:
    where = {"photo": thing.reference, "users": users}
    return {"name": thing.name, "category": thing.category, **where}


def _user(number: int) -> str:
    return f"user-{number}"


def _medians(done: dict[str, Any]) -> dict[str, float]:
    return {name: statistics.median(done[name]) for name in ("cpu", "wall")}


#: What is measured, in the order of the table.
WORKS: dict[str, Callable[[Comparison, Build], dict[str, float]]] = {
    "remember": Comparison._remember,
    "simple": Comparison._simple,
    "scene": Comparison._scene,
    "crowd": Comparison._crowd,
    "folder": Comparison._folder,
    "list": Comparison._list,
    "find": Comparison._find,
    "ram": Comparison._ram,
    "users": Comparison._users,
}
