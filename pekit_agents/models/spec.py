"""Which weights to load and how to run them: said by a profile, read by the adapters."""

from __future__ import annotations

from dataclasses import dataclass

from pekit_agents.errors import ProfileError

__all__ = ["DTYPES", "ModelSpec"]

DTYPES = ("auto", "float32", "float16", "bfloat16")


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model of a profile.

    Attributes:
        id: A model id of the Hugging Face hub ("facebook/dinov2-large"), a folder that holds
            a model saved with ``save_pretrained``, or a file of the authors' own weights whose
            name ends in ``.pth``, run by their own package.
        revision: Branch, tag or commit on the hub; None is its main branch. Not for folders
            and files.
        device: "auto" (CUDA, else Apple's MPS, else the CPU), or torch's name of a device.
        dtype: What to compute in: "auto" is bfloat16 on a CUDA GPU that has it, float16 on
            one that has not, float32 elsewhere. Weights are kept in float32.
        image_size: Pixels; what it measures is said by each adapter. None is the adapter's own.
        batch_size: How many inputs to run at once; halved for as long as memory runs out.
    """

    id: str
    revision: str | None = None
    device: str = "auto"
    dtype: str = "auto"
    image_size: int | None = None
    batch_size: int = 8

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not self.id.strip():
            raise ProfileError(f"expected a model id or a folder, found {self.id!r}")
        if not isinstance(self.device, str) or not isinstance(self.revision, str | None):
            raise ProfileError(
                "expected device and revision to be text, "
                f"found {self.device!r} and {self.revision!r}"
            )
        if self.dtype not in DTYPES:
            raise ProfileError(f"expected dtype to be one of {DTYPES}, found {self.dtype!r}")
        for name in ("image_size", "batch_size"):
            value = getattr(self, name)
            if name == "image_size" and value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ProfileError(f"expected {name} to be a whole number over 0, found {value!r}")

    @property
    def is_original(self) -> bool:
        """Whether this is a checkpoint of its authors' own package, not of transformers."""
        return self.id.endswith(".pth")
