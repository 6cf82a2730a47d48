"""Searching a picture takes a while; the event loop does not wait for it."""

import asyncio
import time

import pytest

from pekit_agents.testing import ColourEncoder, fake_profile
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.llama_index.agent import apersonalize_message

SLOW_S = 0.5


class SlowEncoder(ColourEncoder):
    slow = False

    def encode(self, images):
        time.sleep(SLOW_S if self.slow else 0)
        return super().encode(images)


@pytest.fixture
def encoder():
    return SlowEncoder()


@pytest.fixture
def actions(tmp_path, encoder):
    import dataclasses

    profile = dataclasses.replace(fake_profile(), encoder=encoder)
    return PersonalActions.open(tmp_path / "memory", profile)


async def _longest_pause(work):
    """Return how long the loop stood still at most while a coroutine was running, in seconds."""
    pauses, running = [], True

    async def beat():
        last = time.monotonic()
        while running:
            await asyncio.sleep(0.005)
            now = time.monotonic()
            pauses.append(now - last)
            last = now

    heart = asyncio.create_task(beat())
    await work
    running = False
    await heart
    return max(pauses)


async def test_a_run_does_not_hold_up_the_loop(
    make_agent, scripted, calls, said, photo, remember, encoder
):
    remember("Biscuit", "red")
    agent = make_agent(scripted(calls(("find_personal_objects", {})), "There."), user_id="ann")
    encoder.slow = True
    started = time.monotonic()
    assert await _longest_pause(agent.run(said("Where?", photo("red")))) < SLOW_S * 0.8
    assert time.monotonic() - started >= SLOW_S  # it was searched, for agent and tool


async def test_personalizing_a_message_does_not_hold_up_the_loop(
    said, photo, remember, actions, encoder
):
    remember("Biscuit", "red")
    encoder.slow = True
    work = apersonalize_message(said("Who?", photo("red")), actions.open_kit("ann"))
    started = time.monotonic()
    assert await _longest_pause(work) < SLOW_S * 0.8
    assert time.monotonic() - started >= SLOW_S
