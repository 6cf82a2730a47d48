"""PyAV, which decodes and encodes clips: ``av``, or the line that installs it."""

from __future__ import annotations

from pekit_agents.errors import MissingDependency

try:
    import av
except ImportError as exc:
    raise MissingDependency(
        'PyAV, which reads clips, is not installed; type: pip install "pekit-agents[video]"'
    ) from exc

__all__ = ["av"]
