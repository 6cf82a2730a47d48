"""``measured``: many users of a real server on this machine, and the table of what it bore."""

from __future__ import annotations

import asyncio
import random
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from benchmarks.server.photos import ONE_THING, Photos
from benchmarks.server.process import Served, served
from benchmarks.server.threads import together
from benchmarks.server.users import Figures, User
from pekit_agents.memory.limits import ram_bytes
from pekit_agents.server.settings import ServerSettings
from pekit_agents.server.tokens import Tokens

__all__ = ["Line", "measured"]

_PAUSE = 5.0  # seconds between two requests of a user, in the mean
_LOOKS = 1.0  # seconds between two looks at the RAM
_ALONE, _ALONE_QUICK = 10, 3  # photos whose searches one after the other say what a pass takes
_FEW = 4  # users of the acceptance: their searches have no pauses
_EACH, _EACH_QUICK = 8, 2  # searches of each
_PASSES = 3.0  # that a search of one of four users may take
_GROWTH = 10.0  # MB that 1,000 requests may leave behind beside what is kept within its bound
_KEPT = re.compile(r"^pekit_kept_bytes\{.*\} (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Line:
    """A line of the table.

    Attributes:
        what: What was measured, with its unit.
        value: What came out.
        most: What it may be; None where nothing is promised.
    """

    what: str
    value: float
    most: float | None = None

    @property
    def passed(self) -> bool | None:
        """Whether it is what it may be; None where nothing is promised."""
        return None if self.most is None else self.value <= self.most

    def to_dict(self) -> dict[str, Any]:
        """Return the line as JSON-ready values."""
        return {**asdict(self), "passed": self.passed}


def measured(folder: Path, users: int, seconds: float, *, judged: bool) -> tuple[list[Line], str]:
    """Return the lines of the table, and what errors said.

    Args:
        folder: An empty folder, for the memory.
        users: How many users at once.
        seconds: For how long.
        judged: Whether it takes long enough for its figures to mean anything.
    """
    memory = folder / "memory"
    tokens = Tokens(ServerSettings(memory=str(memory)).token_file)
    keys = [tokens.add(f"user {n}") for n in range(users)]
    one, each, most = (_ALONE, _EACH, _PASSES) if judged else (_ALONE_QUICK, _EACH_QUICK, None)
    by_threads = together(folder / "threads", _FEW, one, each)
    bound = Line(f"the same without a server, in {_FEW} threads", by_threads)
    with served(memory) as server:
        few = [*asyncio.run(_few(server, keys[:_FEW], one, each, most)), bound]
        return asyncio.run(_many(server, keys, seconds, few, judged=judged))


async def _few(
    server: Served, keys: Sequence[str], one: int, each: int, most: float | None
) -> list[Line]:
    """Measure a search for what is remembered: of one user alone, and of several at once."""
    figures = [Figures(), Figures()]
    async with httpx2.AsyncClient(base_url=server.url, timeout=120) as client:
        together = [
            User(client, key, Photos(2 + n, ONE_THING), random.Random(n), figures[1])
            for n, key in enumerate(keys)
        ]
        for user in together:
            await user.remember()
        alone = User(client, keys[0], Photos(1, ONE_THING), random.Random(1), figures[0])
        for _ in range(one):
            await alone.find()

        async def search(user: User) -> None:
            for _ in range(each):
                await user.find()

        await asyncio.gather(*map(search, together))
    passes = statistics.median(figures[0].seconds["find"])
    many = _share(figures[1].seconds["find"], 95)
    return [
        Line("console shown, s after typing", server.shown_after, 15.0),
        Line("photos searched, s after typing", server.ready_after),
        Line("find, one user alone: median, s", passes),
        Line(f"find, {len(keys)} users at once: p95, s", many),
        Line(
            f"find, {len(keys)} users at once: p95, in passes",
            many / passes,
            most,
        ),
    ]


async def _many(
    server: Served, keys: Sequence[str], seconds: float, few: list[Line], *, judged: bool
) -> tuple[list[Line], str]:
    figures, photos = Figures(), Photos(100)
    looks: list[tuple[int, float, float]] = []
    asking = {"authorization": f"Bearer {keys[0]}"}
    late: list[float] = []
    limits = httpx2.Limits(max_connections=len(keys) + 2)
    async with httpx2.AsyncClient(base_url=server.url, timeout=120, limits=limits) as client:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        watching = asyncio.create_task(_watched(client, server, asking, figures, looks, late))
        await asyncio.gather(
            *(
                User(client, key, photos, random.Random(n), figures).use(until, _PAUSE)
                for n, key in enumerate(keys)
            )
        )
        watching.cancel()
        page = await client.get("/metrics", headers=asking)
    stop = re.search(r"^pekit_loop_longest_stop_seconds (\S+)$", page.text, re.MULTILINE)
    lines = [
        *few,
        Line("users", len(keys)),
        Line("requests", figures.requests),
        Line("requests a second", figures.requests / seconds),
        Line("errors", len(figures.errors), 0),
        Line("429, sent again", figures.waits[429]),
        Line("503, sent again", figures.waits[503]),
        *_by_kind(figures),
        Line("RAM at the end, MB", looks[-1][1]),
        Line("of that kept within its bound, MB", looks[-1][2], ram_bytes() / 1e6),
        Line("RAM, MB more for each 1,000 requests", _slope([(n, ram) for n, ram, _ in looks])),
        Line(
            "beside what is kept, MB more for each 1,000 requests",
            _slope([(n, ram - kept) for n, ram, kept in looks]),
            _GROWTH if judged else None,
        ),
        Line("longest stop of the event loop, s", float(stop[1]) if stop else float("nan")),
        Line("/healthz, p95, s", _share(late, 95)),
    ]
    return lines, "\n".join(dict.fromkeys(figures.errors))


async def _watched(
    client: httpx2.AsyncClient,
    server: Served,
    asking: dict[str, str],
    figures: Figures,
    looks: list[tuple[int, float, float]],
    late: list[float],
) -> None:
    loop = asyncio.get_running_loop()
    while True:
        page = (await client.get("/metrics", headers=asking)).text
        kept = sum(map(float, _KEPT.findall(page))) / 1e6
        looks.append((figures.requests, server.rss_mb, kept))
        begun = loop.time()
        await client.get("/healthz")
        late.append(loop.time() - begun)
        await asyncio.sleep(_LOOKS)


def _by_kind(figures: Figures) -> Iterator[Line]:
    for kind, seconds in sorted(figures.seconds.items()):
        yield Line(f"{kind}: requests", len(seconds))
        yield Line(f"{kind}: p50, s", _share(seconds, 50))
        yield Line(f"{kind}: p95, s", _share(seconds, 95))


def _slope(looks: Sequence[tuple[int, float]]) -> float:
    """Return the growth in MB for each 1,000 requests in the second half."""
    half = looks[len(looks) // 2 :]
    if len({requests for requests, _ in half}) < 2:
        return 0.0
    requests, ram = np.array(half, float).T
    return float(np.polyfit(requests, ram, 1)[0]) * 1000


def _share(seconds: Sequence[float], percent: float) -> float:
    return float(np.percentile(seconds, percent)) if seconds else float("nan")
