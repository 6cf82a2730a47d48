"""The picture and the stub server that ``pekit describe`` is tested with."""

from tests.answering.conftest import photo, stub

__all__ = ["photo", "stub"]
