"""The only door for pictures: a photo is read, limited, turned upright and made RGB here."""

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
    "ImageLimits",
    "ImageSource",
    "LoadedPhoto",
    "describe_source",
    "load_image",
    "load_photo",
    "read_image",
]
