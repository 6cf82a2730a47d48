"""What breaks a promise of any tool, and what the suites say to it."""

from __future__ import annotations

import threading
from contextlib import suppress
from itertools import count

import pytest

CALLS = count()


def promises(suite):
    """Return the names of the tests of a suite."""
    return {name for name in vars(suite) if name.startswith("test_")}


def broken(suite, test, tool):
    """Return what a tool is told by the test of a suite that it fails."""
    with pytest.raises(AssertionError) as failed:
        getattr(suite(), test)(tool)
    assert "expected" in str(failed.value)
    return str(failed.value)


def kept(suite, tool):
    """Return the tests of a suite that a tool passes."""
    passed = set()
    for test in promises(suite):
        with suppress(AssertionError):
            getattr(suite(), test)(tool)
            passed.add(test)
    return passed


def scribbling(image):
    image.putpixel((0, 0), (1, 2, 3))


def kept_by_object(look):
    """Return a method that keeps what it found by the photo's object."""
    kept = {}

    def found(image):
        return kept.setdefault(id(image), (image, look(image)))[1]

    return lambda self, images, *more: (
        [found(image) for image in images] if isinstance(images, list) else found(images)
    )


def together(look):
    """Return a method that sees the photo of whoever came last, where two come at once.

    It waits for the second one only where a thread of its own calls it, so the race is sure.
    """
    second, state = threading.Event(), {}

    def seen(self, images, *more):
        (image,) = images if isinstance(images, list) else (images,)
        if threading.current_thread() is threading.main_thread():
            return look(image)
        first = state.setdefault("first", image) is image
        if first:
            second.wait(20)
            return look(state["other"])
        state["other"] = image
        second.set()
        return look(image)

    return seen
