"""For tests of your own: vision tools without a model, and what every adapter must pass.

:func:`fake_profile` and :func:`graded_profile` are vision tools for a test of an agent.
:class:`EncoderTests`, :class:`ProposerTests`, :class:`ExtractorTests` and :class:`AnswerModelTests`
are for a test of an adapter, :class:`PlaceTests` for one of a place of memories: a class that
inherits them gives it in a fixture.
"""

from pekit_agents.testing.answer_model import AnswerModelTests
from pekit_agents.testing.encoder import EncoderTests
from pekit_agents.testing.fakes import (
    PALETTE,
    SHADES,
    ColourEncoder,
    ColourExtractor,
    ColourProposer,
    fake_profile,
    graded_profile,
    solid_scene,
    to_png,
)
from pekit_agents.testing.photos import odd_photos
from pekit_agents.testing.places import PlaceTests
from pekit_agents.testing.regions import ExtractorTests, ProposerTests

__all__ = [
    "PALETTE",
    "SHADES",
    "AnswerModelTests",
    "ColourEncoder",
    "ColourExtractor",
    "ColourProposer",
    "EncoderTests",
    "ExtractorTests",
    "PlaceTests",
    "ProposerTests",
    "fake_profile",
    "graded_profile",
    "odd_photos",
    "solid_scene",
    "to_png",
]
