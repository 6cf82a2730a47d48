"""PeKit, the one class that users need: introduce, find, prompt, correct."""

from pekit_agents.kit.kit import PeKit

__all__ = [
    "PeKit",
]
