"""Every error that PeKit raises on purpose.

::

    PeKitError
    ├── InvalidInput (ValueError)        an argument that cannot be used as it is
    │   └── ImageError                   a photo that cannot be read or breaks a limit
    │       └── ClipError                a clip or a camera that cannot be read
    ├── NoObjectFound                    a reference photo holds nothing to remember
    ├── ObjectNotFound (LookupError)     no remembered object has that name or id
    ├── ObjectExists                     the name is taken; nothing was overwritten
    ├── ObjectChanged                    it is not as the caller last saw it; nothing was written
    ├── AmbiguousName                    two remembered objects share the name; use the id
    ├── ProfileError                     a profile that is unknown or cannot be run
    │   ├── MissingDependency (ImportError)  an extra is not installed; names the line to type
    │   │   └── FormatNotInstalled (ImageError)  it is the one that reads a photo's format
    │   └── ModelError                   a model's file is missing, damaged or fails to run
    └── MemoryStoreError                 the memory on disk cannot go on
        ├── EncoderMismatch              it was written with another encoder
        ├── SchemaMismatch               it was written by another version of PeKit
        └── WriteConflict                other writers kept winning; safe to try again

Each message says what was expected, what was found and what to do about it. Catching
``PeKitError`` catches them all; anything else that escapes is a bug.
"""

from __future__ import annotations

__all__ = [
    "AmbiguousName",
    "ClipError",
    "EncoderMismatch",
    "FormatNotInstalled",
    "ImageError",
    "InvalidInput",
    "MemoryStoreError",
    "MissingDependency",
    "ModelError",
    "NoObjectFound",
    "ObjectChanged",
    "ObjectExists",
    "ObjectNotFound",
    "PeKitError",
    "ProfileError",
    "SchemaMismatch",
    "WriteConflict",
]


class PeKitError(Exception):
    """The base of every error raised on purpose by this package.

    Args:
        message: What was expected, what was found, and what anybody can do about it. It speaks of
            nothing that only Python has: a tool passes it on to a model.
        in_python: What a programmer can do besides; it ends the text of the error.

    Attributes:
        message: The text without what is for programmers.
    """

    def __init__(self, message: object = "", *, in_python: str = "") -> None:
        super().__init__(f"{message}{in_python}")
        self.message, self.in_python = str(message), in_python


class InvalidInput(PeKitError, ValueError):
    """An argument cannot be used as it is."""


class ImageError(InvalidInput):
    """A photo cannot be read, is not a photo, or is larger than the limits allow."""


class ClipError(ImageError):
    """A clip or a camera cannot be read, is none, or is larger than the limits allow."""


class NoObjectFound(PeKitError):
    """View extraction found no object in a reference photo; nothing was stored."""


class ObjectNotFound(PeKitError, LookupError):
    """No remembered object of this user has that name or id."""


class ObjectExists(PeKitError):
    """An object of that name is remembered already; nothing was overwritten."""


class ObjectChanged(PeKitError):
    """Somebody changed the object since the caller looked at it; nothing was overwritten."""


class AmbiguousName(PeKitError):
    """Several remembered objects share that name; the call needs an object id."""


class ProfileError(PeKitError):
    """A profile is unknown, or its parts do not fit together."""


class MissingDependency(ProfileError, ImportError):
    """An optional dependency is not installed; the message holds the line to type."""


class FormatNotInstalled(MissingDependency, ImageError):
    """A photo is of a format that only an extra reads; another copy of it will do."""


class ModelError(ProfileError):
    """A model's file is missing, damaged or cannot be run."""


class MemoryStoreError(PeKitError):
    """The memory on disk cannot be read or written (full, read-only, damaged)."""


class EncoderMismatch(MemoryStoreError):
    """The memory was written with another encoder: its vectors cannot be compared."""


class SchemaMismatch(MemoryStoreError):
    """The memory was written by a version of PeKit with another table layout."""


class WriteConflict(MemoryStoreError):
    """Other writers changed the same object on every attempt; trying again is safe."""
