"""What was measured of an encoder, in a file: statistics, unknown things and a calibration.

:mod:`pekit_agents.calibrating` makes it from a folder of photos; no pixel of them is in it.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pekit_agents.bank import Bank
from pekit_agents.calibration import Calibration
from pekit_agents.errors import InvalidInput, PeKitError, ProfileError
from pekit_agents.whitening import WhitenedEncoder, Whitening
from pekit_agents.whole_file import written_whole

if TYPE_CHECKING:
    from pekit_agents.matching import MatchSettings
    from pekit_agents.protocols import Encoder
    from pekit_agents.strangers import Strangers

__all__ = ["EncoderCalibration", "read_calibration", "write_calibration"]

_KIND = "pekit-calibration-1"
_NUMBERS = ("location", "scale", "regions", "mean", "deviation")
_MEASURED = ("max_weight", "margin", "least", "itself", "ambiguity", "doubt")


@dataclass(frozen=True, slots=True, eq=False)
class EncoderCalibration:
    """What was measured of an encoder, in the settings it was measured with.

    Attributes:
        encoder_id: Which encoder.
        max_weight: Share of the best view in an object's score.
        augment: Whether reference vectors were averaged over synthetic views.
        whitening: The statistics that its features are centred and whitened with; None leaves
            them as the encoder normalises them.
        bank: The regions of photos of unknown things, as pooled.
        calibration: What unknown things and right objects score.
        margin: How much more a new stranger scores than those of the bank.
        least: What the location of a memory is at least.
        itself: A thing of the bank that scores more is the object itself.
        ambiguity: As in :class:`~pekit_agents.matching.MatchSettings`.
        doubt: The same.
    """

    encoder_id: str
    max_weight: float
    augment: bool
    whitening: Whitening | None
    bank: Bank
    calibration: Calibration
    margin: float
    least: float
    itself: float
    ambiguity: float
    doubt: float

    def encoder(self, encoder: Encoder) -> Encoder:
        """Return the encoder with the statistics; itself where there are none.

        Raises:
            ProfileError: It is not the encoder that was measured.
        """
        if encoder.id != self.encoder_id:
            raise ProfileError(
                f"expected the encoder {self.encoder_id}, which the calibration was measured "
                f"with, found {encoder.id}; calibrate this one with `pekit calibrate`"
            )
        return encoder if self.whitening is None else WhitenedEncoder(encoder, self.whitening)

    def matching(self, settings: MatchSettings) -> MatchSettings:
        """Return settings with the calibration; an ambiguity or a doubt of their own stays.

        Raises:
            ProfileError: They weigh views otherwise than was measured.
        """
        if settings.max_weight != self.max_weight:
            raise ProfileError(
                f"expected max_weight {self.max_weight:g}, which the calibration was measured "
                f"with, found {settings.max_weight:g}; set it back, or calibrate again"
            )
        return replace(
            settings,
            calibration=self.calibration,
            ambiguity=settings.ambiguity or self.ambiguity,
            doubt=settings.doubt or self.doubt,
        )

    def strangers(self, encoder: Encoder) -> Strangers:
        """Return the unknown things as an encoder with the statistics sees them."""
        seen = self.bank.seen_by(encoder, margin=self.margin, least=self.least)
        return replace(seen, itself=self.itself)


def write_calibration(path: Path, measured: EncoderCalibration) -> None:
    """Write a calibration, whole or not at all; the features of its bank become float16.

    Raises:
        InvalidInput: The file cannot be written.
    """
    bank, whitening = measured.bank, measured.whitening
    arrays: dict[str, Any] = {
        "kind": _KIND,
        "encoder_id": measured.encoder_id,
        "augment": measured.augment,
        "features": bank.features.astype(np.float16),
        "photos": bank.photos,
        "things": bank.things,
        **{name: getattr(measured.calibration, name) for name in _NUMBERS},
        **{name: getattr(measured, name) for name in _MEASURED},
    }
    if whitening is not None:
        arrays |= {"whitening_mean": whitening.mean, "whitening_matrix": whitening.matrix}
    try:
        with written_whole(path, shared=True) as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
    except OSError as exc:
        raise InvalidInput(f"expected to write {path}, found that it cannot be: {exc}") from exc


def read_calibration(path: Path) -> EncoderCalibration:
    """Return the calibration in a file.

    Raises:
        ProfileError: It cannot be read, or is no calibration.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return _calibration({name: file[name] for name in file.files})
    except OSError as exc:
        raise ProfileError(f"expected a calibration at {path}, found none: {exc}") from exc
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, PeKitError) as exc:
        raise ProfileError(
            f"expected what `pekit calibrate` wrote in {path}, found something else or a damaged "
            f"file ({exc}); calibrate again"
        ) from exc


def _calibration(made: dict[str, Any]) -> EncoderCalibration:
    if str(made["kind"]) != _KIND:
        raise ValueError(f"expected kind {_KIND}, found {made['kind']}")
    whitening = None
    if "whitening_mean" in made:
        whitening = Whitening(made["whitening_mean"], made["whitening_matrix"])
    return EncoderCalibration(
        encoder_id=str(made["encoder_id"]),
        augment=bool(made["augment"]),
        whitening=whitening,
        bank=Bank(made["features"].astype(np.float32), made["photos"], made["things"]),
        calibration=Calibration(**{name: float(made[name]) for name in _NUMBERS}),
        **{name: float(made[name]) for name in _MEASURED},
    )
