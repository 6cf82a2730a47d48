"""The only door for pictures: a photo is read, limited, turned upright and made RGB here."""

from pekit_agents.images.albums import Album, list_photos, photo_suffixes
from pekit_agents.images.loading import (
    ImageLimits,
    ImageSource,
    LoadedPhoto,
    describe_source,
    load_image,
    load_photo,
    read_image,
)

__all__ = [
    "Album",
    "ImageLimits",
    "ImageSource",
    "LoadedPhoto",
    "describe_source",
    "list_photos",
    "load_image",
    "load_photo",
    "photo_suffixes",
    "read_image",
]
