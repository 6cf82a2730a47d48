"""``attack``: thousands of requests of users who mean harm, and whether any came through."""

from __future__ import annotations

import logging
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.server.in_process import Answer, Call, answer_to
from benchmarks.server.made_up import MadeUp
from benchmarks.server.people import Person, leaks, snapshot, three_people
from pekit_agents.server import ServerSettings, create_app
from pekit_agents.testing.fakes import graded_profile

__all__ = ["Report", "attack", "faults"]

_FILLED_AGAIN = 500  # calls: who forgets all of their own has something to attack with again
_INTERNAL = b'"code":-32603'  # of JSON-RPC: an error that nobody expected


@dataclass
class Report:
    """What came of it.

    Attributes:
        calls: How many requests were sent.
        statuses: How often each status was answered.
        faults: What must not be, in words.
    """

    calls: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


async def attack(folder: Path, calls: int, seed: int = 0) -> Report:
    """Let two users attack each other and a third, in a server in this process.

    Args:
        folder: An empty folder, for the memory.
        calls: How many requests.
        seed: What is drawn.
    """
    people = three_people()
    settings = ServerSettings(
        memory=str(folder / "memory"),
        tokens=dict(person.hashed for person in people),
        # Small, so that what is too much and too late takes no time.
        max_request=2**20,
        max_bytes=2**19,
        upload_seconds=0.05,
        threads=2,
    )
    app, rng, report = create_app(settings, profile=graded_profile()), random.Random(seed), Report()
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # it logs each request that is wrong
    async with app.router.lifespan_context(app):
        for person in people:
            await person.fill(app)
        victim, attackers = people[0], people[1:]
        before = await snapshot(app, victim)
        made_up = MadeUp(app, rng, people)
        await made_up.look_around(app, attackers[0])
        while report.calls < calls:
            attacker = attackers[report.calls % len(attackers)]
            if report.calls % _FILLED_AGAIN == _FILLED_AGAIN - 1:
                await _filled_again(app, attacker)
            call = made_up.call(attacker)
            try:
                answer = await answer_to(app, call)
            except Exception as exc:  # noqa: BLE001  # what the server raises instead of an answer
                report.faults.append(f"{type(exc).__name__} of {_shown(call)}: {exc}")
                answer = Answer()
            report.calls += 1
            report.statuses[answer.status] += 1
            others = [person for person in people if person is not attacker]
            report.faults += faults(answer, call, others)
        after = await snapshot(app, victim)
        changed = [path for path in before | after if before.get(path) != after.get(path)]
        report.faults += [f"{path} of {victim.user_id} has changed" for path in changed]
    return report


def faults(answer: Answer, call: Call, others: list[Person]) -> list[str]:
    """Return what must not be in an answer."""
    found = [f"{each} in the answer to {_shown(call)}" for each in leaks(answer, others)]
    if answer.status == 500 or _INTERNAL in answer.body:
        found.append(f"an error of the server: {_shown(call)}: {answer.body[:300]!r}")
    return found


async def _filled_again(app: object, person: Person) -> None:
    """Begin anew, with the memory as it is forgotten."""
    await person.send(app, "DELETE", "/v1/me")  # type: ignore[arg-type]
    await person.fill(app)  # type: ignore[arg-type]


def _shown(call: Call) -> str:
    body = replace(call, headers=()).text[:400]
    return f"{call.kind} {call.method} {body}"
