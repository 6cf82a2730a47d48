"""What was fitted for an encoder, in a file: a discriminant, and no pixel of any photo."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.errors import InvalidInput, PeKitError, ProfileError
from pekit_agents.files import atomic_write
from pekit_agents.scoring import Discriminant
from pekit_agents.wording.messages import clause

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from pekit_agents.protocols import Encoder

__all__ = ["SHIPPED", "EncoderCalibration", "read_calibration", "write_calibration"]

#: The file of the embedded profile's encoder.
SHIPPED = resources.files("pekit_agents.models.embedded") / "focus_discriminant.npz"

_KIND = "pekit-calibration-2"
_NUMBERS = ("slope", "offset")
_ARRAYS = tuple(field.name for field in fields(Discriminant) if field.name not in _NUMBERS)


@dataclass(frozen=True, slots=True, eq=False)
class EncoderCalibration:
    """A discriminant, and the vectors it was fitted on.

    Attributes:
        encoder_id: Whose vectors.
        augment: Whether reference vectors were averaged over synthetic views.
        discriminant: What was fitted.
    """

    encoder_id: str
    augment: bool
    discriminant: Discriminant

    def require(self, encoder: Encoder, *, augment: bool) -> None:
        """Refuse other vectors than those that it was fitted on.

        Raises:
            ProfileError: They are of another encoder, or averaged otherwise.
        """
        if encoder.id != self.encoder_id:
            raise ProfileError(
                f"expected the encoder {self.encoder_id}, which the calibration was fitted on, "
                f"found {encoder.id}; calibrate this one with `pekit calibrate`"
            )
        if augment != self.augment:
            raise ProfileError(
                f"expected augment to be {self.augment}, as the calibration was fitted, found "
                f"{augment}; set it back, or calibrate again"
            )


def write_calibration(path: Path, made: EncoderCalibration) -> None:
    """Write a calibration, whole or not at all; its arrays become float32.

    Raises:
        InvalidInput: The file cannot be written.
    """
    arrays: dict[str, Any] = {
        "kind": _KIND,
        "encoder_id": made.encoder_id,
        "augment": made.augment,
        **{name: getattr(made.discriminant, name) for name in _NUMBERS},
        **{name: getattr(made.discriminant, name).astype(np.float32) for name in _ARRAYS},
    }
    try:
        with atomic_write(path, shared=True) as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
    except OSError as exc:
        raise InvalidInput(
            f"expected to write {path}, found that it cannot be: {exc.strerror or exc}"
        ) from exc


def read_calibration(path: Path | Traversable) -> EncoderCalibration:
    """Return the calibration in a file.

    Raises:
        ProfileError: It cannot be read, or is no calibration.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return _calibration({name: file[name] for name in file.files})
    except OSError as exc:
        raise ProfileError(
            f"expected a calibration at {path}, found none: {exc.strerror or exc}"
        ) from exc
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, PeKitError) as exc:
        raise ProfileError(
            f"expected what `pekit calibrate` wrote in {path}, found something else, or a file of "
            f"another version or a damaged one ({clause(exc)}); calibrate again"
        ) from exc


def _calibration(made: dict[str, Any]) -> EncoderCalibration:
    if str(made["kind"]) != _KIND:
        raise ValueError(f"expected kind {_KIND}, found {made['kind']}")
    found: dict[str, Any] = {name: float(made[name]) for name in _NUMBERS}
    found |= {name: made[name] for name in _ARRAYS}
    return EncoderCalibration(
        encoder_id=str(made["encoder_id"]),
        augment=bool(made["augment"]),
        discriminant=Discriminant(**found),
    )
