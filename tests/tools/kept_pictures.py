"""Pictures that stores are asked for: handles that nobody gave, and whether one is there."""

from __future__ import annotations

from pekit_agents.tools.image_store import (
    ImageStore,
    UnknownImage,
)

FORGED = [
    "img_../../../../etc/passwd",
    "/etc/passwd",
    "https://example.com/cat.png",
    "file:///etc/passwd",
    "img_" + "0" * 31,
    "img_" + "0" * 33,
    "img_" + "A" * 32,
    "img_" + "0" * 32 + "\n",
    "IMG_" + "0" * 32,
    "",
    "latest",
]


def has(store: ImageStore, user_id: str, handle: str) -> bool:
    try:
        store.get(user_id, handle)
    except UnknownImage:
        return False
    return True
