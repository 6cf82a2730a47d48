"""How strict, and how a profile's encoder is calibrated: the discriminant, its fit and its file."""

from pekit_agents.calibration.encoder_file import (
    SHIPPED,
    EncoderCalibration,
    read_calibration,
    write_calibration,
)
from pekit_agents.calibration.strictness import STRICTNESS, Strictness, rate_of

__all__ = [
    "SHIPPED",
    "STRICTNESS",
    "EncoderCalibration",
    "Strictness",
    "rate_of",
    "read_calibration",
    "write_calibration",
]
