"""``search``: what a picture holds, looked at as a request of REST or the console wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pekit_agents.calibration import Strictness
    from pekit_agents.protocols import SearchMode
    from pekit_agents.retrieval.finding import Finding
    from pekit_agents.server.service import Service

__all__ = ["search"]


def search(
    service: Service,
    user_id: str,
    handle: str,
    mode: SearchMode | None = None,
    strictness: Strictness | None = None,
    *,
    second_opinion: bool = True,
) -> Finding:
    """Return the finding of a picture; one that is found as the server looks is kept for others.

    Args:
        service: What the server works with.
        user_id: Whose picture and memory.
        handle: The picture's handle.
        mode: How hard to look; None as the server does.
        strictness: How sure a match has to be; None as the server has it.
        second_opinion: Whether it is that after the second opinion, where one is asked for.

    Raises:
        UnknownImage: This user has no such picture (any more).
        ImageError: It cannot be read.
        InvalidInput: The strictness is not for this profile.
        MemoryStoreError: The disk fails.
    """
    if mode is None and strictness is None:
        finding = service.actions.findings.find(user_id, handle, second_opinion=second_opinion)
    else:
        photo, kit = service.images.get(user_id, handle), service.kit(user_id)
        finding = kit.find(photo, mode=mode or service.settings.mode, strictness=strictness)
    named = [match.object.object_id for match in finding.matches if match.certain]
    service.note_seen(user_id, named)
    return finding
