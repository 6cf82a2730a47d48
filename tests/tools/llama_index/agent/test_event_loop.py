"""Searching a picture takes a while; the event loop does not wait for it."""

import pytest

from pekit_agents.testing import ColourEncoder, fake_profile
from pekit_agents.tools.actions import PersonalActions
from pekit_agents.tools.llama_index.agent import apersonalize_message


class SlowEncoder(ColourEncoder):
    turns = None

    def encode(self, images):
        if self.turns:
            self.turns.wait()
        return super().encode(images)


@pytest.fixture
def encoder():
    return SlowEncoder()


@pytest.fixture
def actions(tmp_path, encoder):
    import dataclasses

    profile = dataclasses.replace(fake_profile(), encoder=encoder)
    return PersonalActions.open(tmp_path / "memory", profile)


async def test_a_run_does_not_hold_up_the_loop(
    make_agent, scripted, calls, said, photo, remember, encoder, loop_turns
):
    remember("Biscuit", "red")
    agent = make_agent(scripted(calls(("find_personal_objects", {})), "There."), user_id="ann")
    encoder.turns = loop_turns()
    await agent.run(said("Where?", photo("red")))
    assert encoder.turns.seen == [True]  # it was searched once, for agent and tool


async def test_personalizing_a_message_does_not_hold_up_the_loop(
    said, photo, remember, actions, encoder, loop_turns
):
    remember("Biscuit", "red")
    encoder.turns = loop_turns()
    await apersonalize_message(said("Who?", photo("red")), actions.open_kit("ann"))
    assert encoder.turns.seen == [True]
