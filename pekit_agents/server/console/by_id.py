"""``by_id``: a thing by the id that stands in an address or a form, where no name does."""

from __future__ import annotations

from pekit_agents.errors import ObjectNotFound
from pekit_agents.kit.kit import PeKit
from pekit_agents.types import PersonalObject

__all__ = ["by_id"]


def by_id(kit: PeKit, object_id: str) -> PersonalObject:
    """Return a thing.

    Args:
        kit: Its user's.
        object_id: Its id.

    Raises:
        ObjectNotFound: The user has none with that id, whoever else has.
    """
    for each in kit.objects():
        if each.object_id == object_id:
            return each
    raise ObjectNotFound(
        "expected the id of something that is remembered, found another one; it may have been "
        "forgotten or merged meanwhile: look at what is remembered now"
    )
