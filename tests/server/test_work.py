from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from pekit_agents.server.work import ServerBusy, TooManyRequests, Work


class Gate:
    """Work that goes on when it may, and says in which order it was begun."""

    def __init__(self):
        self.may, self.order, self.begun = threading.Event(), [], threading.Semaphore(0)

    def __call__(self, name="x"):
        self.order.append(name)
        self.begun.release()
        assert self.may.wait(20)
        return name


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.may.set()


def begun(work, user, gate, name="x"):
    return asyncio.create_task(work.run(user, gate, name))


async def until(condition):
    while not condition():
        await asyncio.sleep(0)


async def test_the_loop_turns_meanwhile(loop_turns):
    work, turns = Work(1, 1, 8, "w"), loop_turns()
    await work.run("ann", turns.wait)
    assert turns.seen == [True]


async def test_too_much_of_one_user_is_refused_and_others_are_served(gate):
    work = Work(1, 10, 2, "w")
    tasks = [begun(work, "ann", gate) for _ in range(2)]
    await until(lambda: work.waiting == 2)
    with pytest.raises(TooManyRequests, match="at most 2 requests of one user") as raised:
        await work.run("ann", gate)
    assert raised.value.retry_after == 2
    bob = begun(work, "bob", gate)
    gate.may.set()
    await asyncio.gather(*tasks, bob)
    assert await work.run("ann", gate) == "x"
    assert work.refused == {"user": 1}


async def test_too_much_of_all_is_refused(gate):
    work = Work(1, 1, 8, "w")
    tasks = [begun(work, user, gate) for user in ("ann", "bob")]
    await until(lambda: work.waiting == 2)
    with pytest.raises(ServerBusy, match="expected a free place"):
        await work.run("cleo", gate)
    gate.may.set()
    await asyncio.gather(*tasks)
    await until(lambda: work.waiting == 0)
    assert work.refused == {"server": 1}


async def test_users_take_turns(gate):
    work = Work(1, 20, 8, "w")
    tasks = [begun(work, "ann", gate, f"ann {n}") for n in range(4)]
    await until(lambda: work.waiting == 4)
    tasks += [begun(work, "bob", gate, f"bob {n}") for n in range(2)]
    tasks += [begun(work, "cleo", gate, "cleo 0")]
    await until(lambda: work.waiting == 7)
    gate.may.set()
    await asyncio.gather(*tasks)
    assert gate.order == ["ann 0", "ann 1", "bob 0", "cleo 0", "ann 2", "bob 1", "ann 3"]


async def test_who_stops_waiting_frees_the_place_at_once(gate):
    work = Work(1, 1, 8, "w")
    first, second = begun(work, "ann", gate, "first"), begun(work, "bob", gate, "second")
    await until(lambda: work.waiting == 2)
    second.cancel()
    await asyncio.wait([second])
    assert work.waiting == 1
    third = begun(work, "bob", gate, "third")
    await until(lambda: work.waiting == 2)
    gate.may.set()
    await asyncio.gather(first, third)
    assert gate.order == ["first", "third"]


async def test_what_has_begun_keeps_its_place_to_its_end(gate):
    work = Work(1, 1, 8, "w")
    first = begun(work, "ann", gate, "first")
    await until(lambda: gate.begun.acquire(blocking=False))
    first.cancel()
    await asyncio.wait([first])
    assert work.waiting == 1
    second = begun(work, "bob", gate, "second")
    await asyncio.sleep(0)
    assert gate.order == ["first"]
    gate.may.set()
    assert await second == "second"
    await until(lambda: work.waiting == 0)


async def test_an_error_frees_the_place():
    work = Work(1, 1, 1, "w")

    def fails():
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await work.run("ann", fails)
        await until(lambda: work.waiting == 0)


async def test_work_knows_whose_request_it_is():
    asked = ContextVar("asked")
    asked.set("this one")
    assert await Work(1, 1, 1, "w").run("ann", asked.get) == "this one"


async def test_what_waits_when_it_closes_is_told_so(gate):
    work = Work(1, 2, 8, "w")
    first, second = begun(work, "ann", gate), begun(work, "ann", gate)
    await until(lambda: gate.begun.acquire(blocking=False))
    gate.may.set()
    work.close()
    assert await first == "x"
    with pytest.raises(ServerBusy, match="found one that stops"):
        await second
    with pytest.raises(ServerBusy, match="found one that stops"):
        await work.run("ann", gate)


async def test_who_stops_waiting_while_it_closes_has_only_stopped(gate):
    work = Work(1, 2, 8, "w")
    first, second = begun(work, "ann", gate), begun(work, "bob", gate)
    await until(lambda: gate.begun.acquire(blocking=False))
    await until(lambda: work.waiting == 2)
    gate.may.set()
    second.cancel()
    work.close()
    assert await first == "x"
    with pytest.raises(asyncio.CancelledError):
        await second


@pytest.mark.parametrize("order", ["stops, is given", "is given, stops", "stops"])
async def test_a_thread_goes_to_the_next_where_who_had_its_turn_stops_waiting(gate, order):
    work = Work(1, 4, 8, "w")
    await work._turn("ann")  # the only thread
    second, third = begun(work, "bob", gate), begun(work, "cleo", gate, "third")
    await until(lambda: work.waiting == 2)
    await until(lambda: len(work._waiting) == 2)
    if order == "stops, is given":
        second.cancel()
        work._give()
    elif order == "is given, stops":
        work._give()
        second.cancel()
    else:
        second.cancel()
        await asyncio.wait([second])
        work._give()
    gate.may.set()
    assert await asyncio.wait_for(third, 20) == "third"
    assert await asyncio.wait_for(work.run("bob", gate, "bob"), 20) == "bob"
    assert gate.order == ["third", "bob"]
